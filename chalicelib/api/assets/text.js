// The texts of the page in both languages, and numbers and dates as each of them writes them.

const EN = {
  title: "IBOVESPA and its volatility",
  subtitle: "One value a session, from the public routes of this API.",
  language: "Language", documentation: "API documentation",
  synthetic: "Synthetic data.", synthetic_long: "Every number on this page is generated, and none of it is real.",
  watermark: "SYNTHETIC", synthetic_short: "synthetic data",
  try_again: "Try again", loading: "Loading the last two years…", loading_older: "Loading the older sessions…",
  key_needed: "This deployment needs an API key. It is kept until you close this tab.", key_use: "Use this key",
  key_refused: "The API refused this key. Check it, and enter it again.",
  latest: "The latest session", volatility_choice: "Volatility", estimator: "Estimator", window: "Window",
  sessions: "{n} sessions", period: "Period", closer: "Zoom in", farther: "Zoom out",
  "2y": "2 years", "5y": "5 years", "10y": "10 years", all: "All",
  marks: "Marks and scale", unusual_choice: "Unusual days", unusual_option: "above {n} σ", log: "Logarithmic index",
  hint: "Drag to move, pinch or Ctrl + wheel to zoom. With the keyboard: arrow keys choose a day, + and − zoom, 0 resets.",
  index: "Index", close_points: "Close, points", unusual: "Unusual day", warned: "Bar with a warning",
  unusual_note: "Unusual: the range of the day, as a share of the close, is more than {n} standard deviations above the mean of up to 252 sessions before it.",
  volatility: "Volatility", volatility_legend: "{estimator}, {n} sessions, % a year",
  drawdown: "Drawdown", drawdown_legend: "Below the highest close so far, %",
  cone: "Volatility cone", cone_range: "Minimum to maximum", cone_quartiles: "Quartiles and median", cone_current: "Latest value",
  cone_note: "{estimator} by window in sessions, % a year, in the five years from {start} to {end}.",
  days: "Unusual days of the period", days_note: "The latest {n} of {all}.", days_none: "There is none.", date: "Date",
  as_table: "As a table", charts_by: "Charts: uPlot (MIT)", chart_label: "{chart}, from {start} to {end}. Arrow keys choose a day.",
  misses_night: "{estimator} misses the night: it measures the session from open to close only, so it is lower than close-to-close.",
  small_night: "{estimator} includes the night, but the opens of Yahoo are nearly the previous close, so its overnight term is small and it is lower than close-to-close.",
  words_close: "On {date} the index closed at {close} points, {change}.",
  up: "{n} above the previous close", down: "{n} below the previous close", same: "as on the session before", first: "the first session",
  words_volatility: "Its volatility ({estimator}, {n} sessions) is {volatility} a year. {share} of the {count} values of the five years to that day are at or below it, which is {reading}.",
  words_no_volatility: "Its volatility ({estimator}) needs {n} sessions, and there are fewer.",
  words_drawdown: "The index is {n} below its highest close so far.", words_highest: "It is the highest close so far.",
  words_unusual: "It is an unusual day.", words_warnings: "Warnings on this bar: {warnings}.",
  calm: "calm", usual: "usual", tense: "tense",
  forecast: "Forecast of volatility", forecast_table: "Forecasts and scores", forecast_words: "Forecasts made at the session of {date}, from the sessions up to it.",
  forecast_regime: "The regime is {regime}: HAR's forecast for 21 sessions is at percentile {n} of its last 1,260.",
  forecast_no_regime: "There are too few forecasts of HAR to name a regime.",
  regime_calm: "calm", regime_usual: "usual", regime_tense: "tense",
  forecast_next: "Next", forecast_session: "1 session", forecast_model: "Model", forecast_volatility: "Volatility a year (80% band)", forecast_range: "{volatility} ({lower} to {upper})",
  forecast_coverage: "In the band", forecast_score: "Score since 2008, compared with EWMA",
  score_benchmark: "the benchmark", score_none: "too few forecasts to score",
  score_apart: "; from 2019 on {text}", score_better: "better ({p})", score_worse: "worse ({p})", score_same: "no significant difference ({p})",
  forecast_note: "The score compares the losses (QLIKE) of all forecasts since 2008 by the Diebold–Mariano test; the model was chosen by the years to 2018. “In the band” is the share of their outcomes inside the band. The outcome of one session is a single return, so its band is about the size of that return.",
  close: "Close", open: "Open", high: "High", low: "Low", change: "Change", volume: "Volume (unit of Yahoo)", priced: "{value} points",
  volatility_year: "Volatility a year", percentile: "Percentile in five years", reading: "Reading", warnings: "Warnings",
  fresh: "Data to {date}: up to date", behind_one: "Data to {date}: 1 session behind", behind: "Data to {date}: {n} sessions behind",
  good: "Quality: {n} sessions, {warned} warnings, {gaps} gaps", degraded: "Quality is degraded: {reasons}",
  empty: "Nothing has been ingested yet. Run the ingest, or on a laptop “make run”, and try again.",
  failed: "The API did not answer this request ({status}). {detail}", unreachable: "The API cannot be reached. Check the connection, and try again.",
  older_failed: "The sessions before {date} could not be loaded.",
  csv: "CSV", curl: "Copy as curl", png: "PNG", of_chart: "{tool}: {chart}", copied: "The command is copied.", not_copied: "The browser does not allow copying. The command: {command}",
  saved: "{file} is saved.",
  minimum: "Minimum", p25: "25 %", median: "Median", p75: "75 %", maximum: "Maximum", current: "Latest",
  volume_zero: "no volume", volume_invalido: "the volume of the source is not a number of shares", copia_do_dia_anterior: "all four prices are those of the session before",
  salto: "the close is far from the previous one", sessao_curta: "short session (Ash Wednesday)",
  fracionario: "prices that are not whole points", fechamento_suspeito: "the open of the next session contradicts the close",
  fechamento_corrigido: "the close is corrected to the official one of B3", barra_duvidosa: "the official close of B3 is far outside high and low",
  search: "Share, unit, fund, ETF or BDR", show: "Show", not_found: "Nothing of B3's market is named {text}.",
  no_market: "B3's shares, funds and BDRs are not in this lake yet. On a laptop, “make market COTAHIST=<path>” adds them.",
  unknown_ticker: "B3's market has no ticker {ticker}.", near: "Similar: {near}.",
  title_share: "{ticker} and its volatility",
  unusual_note_share: "Prices are as traded: at a split or a dividend the line may step, and volatility and drawdown leave that night out. Unusual: the range of the day, as a share of the close, is more than {n} standard deviations above the mean of up to 252 sessions before it.", index_share: "Price", close_points_share: "Close, R$", log_share: "Logarithmic price",
  words_close_share: "On {date} {ticker} closed at R$ {close}, {change}.", words_drawdown_share: "With its events left out, it is {n} below its highest close so far.",
  first_share: "the first session, or one after an event such as a dividend", priced_share: "R$ {value}", volume_share: "Volume, shares", fresh_share: "Data of {ticker} to {date}",
};

const PT = {
  title: "O IBOVESPA e sua volatilidade",
  subtitle: "Um valor por pregão, das rotas públicas desta API.",
  language: "Idioma", documentation: "Documentação da API (em inglês)",
  synthetic: "Dados sintéticos.", synthetic_long: "Todos os números desta página são gerados, e nenhum é real.",
  watermark: "SINTÉTICO", synthetic_short: "dados sintéticos",
  try_again: "Tentar de novo", loading: "Carregando os últimos dois anos…", loading_older: "Carregando os pregões mais antigos…",
  key_needed: "Esta instalação exige uma chave da API. Ela fica guardada até você fechar esta aba.", key_use: "Usar esta chave",
  key_refused: "A API recusou esta chave. Confira e digite de novo.",
  latest: "O último pregão", volatility_choice: "Volatilidade", estimator: "Estimador", window: "Janela",
  sessions: "{n} pregões", period: "Período", closer: "Aproximar", farther: "Afastar",
  "2y": "2 anos", "5y": "5 anos", "10y": "10 anos", all: "Tudo",
  marks: "Marcas e escala", unusual_choice: "Dias incomuns", unusual_option: "acima de {n} σ", log: "Índice logarítmico",
  hint: "Arraste para mover; pinça ou Ctrl + roda para ampliar. No teclado: as setas escolhem um dia, + e − ampliam e reduzem, 0 restaura.",
  index: "Índice", close_points: "Fechamento, pontos", unusual: "Dia incomum", warned: "Barra com aviso",
  unusual_note: "Incomum: a amplitude do dia, como fração do fechamento, está mais de {n} desvios padrão acima da média dos até 252 pregões anteriores.",
  volatility: "Volatilidade", volatility_legend: "{estimator}, {n} pregões, % ao ano",
  drawdown: "Queda desde o topo", drawdown_legend: "Abaixo do maior fechamento até então, %",
  cone: "Cone de volatilidade", cone_range: "Mínimo a máximo", cone_quartiles: "Quartis e mediana", cone_current: "Último valor",
  cone_note: "{estimator} por janela em pregões, % ao ano, nos cinco anos de {start} a {end}.",
  days: "Dias incomuns do período", days_note: "Os {n} últimos de {all}.", days_none: "Não há nenhum.", date: "Data",
  as_table: "Como tabela", charts_by: "Gráficos: uPlot (MIT)", chart_label: "{chart}, de {start} a {end}. As setas escolhem um dia.",
  misses_night: "{estimator} não vê a noite: mede só o pregão, da abertura ao fechamento, e por isso fica abaixo de fechamento a fechamento.",
  small_night: "{estimator} inclui a noite, mas as aberturas do Yahoo são quase o fechamento anterior: o termo da noite é pequeno, e o valor fica abaixo de fechamento a fechamento.",
  words_close: "Em {date} o índice fechou em {close} pontos, {change}.",
  up: "{n} acima do fechamento anterior", down: "{n} abaixo do fechamento anterior", same: "como no pregão anterior", first: "o primeiro pregão",
  words_volatility: "Sua volatilidade ({estimator}, {n} pregões) é de {volatility} ao ano. Dos {count} valores dos cinco anos até esse dia, {share} não passam dela, o que é uma leitura {reading}.",
  words_no_volatility: "Sua volatilidade ({estimator}) precisa de {n} pregões, e há menos.",
  words_drawdown: "O índice está {n} abaixo do maior fechamento até então.", words_highest: "É o maior fechamento até então.",
  words_unusual: "É um dia incomum.", words_warnings: "Avisos nesta barra: {warnings}.",
  calm: "calma", usual: "habitual", tense: "tensa",
  forecast: "Previsão da volatilidade", forecast_table: "Previsões e avaliações", forecast_words: "Previsões feitas no pregão de {date}, com os pregões até ele.",
  forecast_regime: "O regime é {regime}: a previsão do HAR para 21 pregões está no percentil {n} das últimas 1.260.",
  forecast_no_regime: "Há poucas previsões do HAR para dar nome ao regime.",
  regime_calm: "calmo", regime_usual: "habitual", regime_tense: "tenso",
  forecast_next: "Próximos", forecast_session: "1 pregão", forecast_model: "Modelo", forecast_volatility: "Volatilidade ao ano (faixa de 80%)", forecast_range: "{volatility} ({lower} a {upper})",
  forecast_coverage: "Na faixa", forecast_score: "Avaliação desde 2008, comparada ao EWMA",
  score_benchmark: "a referência", score_none: "poucas previsões para avaliar",
  score_apart: "; de 2019 em diante {text}", score_better: "melhor ({p})", score_worse: "pior ({p})", score_same: "sem diferença significativa ({p})",
  forecast_note: "A avaliação compara as perdas (QLIKE) de todas as previsões desde 2008 pelo teste de Diebold–Mariano; o modelo foi escolhido pelos anos até 2018. “Na faixa” é a fração dos seus resultados dentro da faixa. O resultado de um pregão é um único retorno, por isso sua faixa trata do tamanho desse retorno.",
  close: "Fechamento", open: "Abertura", high: "Máximo", low: "Mínimo", change: "Variação", volume: "Volume (unidade do Yahoo)", priced: "{value} pontos",
  volatility_year: "Volatilidade ao ano", percentile: "Percentil em cinco anos", reading: "Leitura", warnings: "Avisos",
  fresh: "Dados até {date}: em dia", behind_one: "Dados até {date}: 1 pregão de atraso", behind: "Dados até {date}: {n} pregões de atraso",
  good: "Qualidade: {n} pregões, {warned} avisos, {gaps} lacunas", degraded: "A qualidade está degradada: {reasons}",
  empty: "Nada foi ingerido ainda. Rode a ingestão, ou em um laptop “make run”, e tente de novo.",
  failed: "A API não respondeu a esta requisição ({status}). {detail}", unreachable: "A API está inacessível. Confira a conexão e tente de novo.",
  older_failed: "Os pregões antes de {date} não puderam ser carregados.",
  csv: "CSV", curl: "Copiar como curl", png: "PNG", of_chart: "{tool}: {chart}", copied: "O comando foi copiado.", not_copied: "O navegador não permite copiar. O comando: {command}",
  saved: "{file} foi salvo.",
  minimum: "Mínimo", p25: "25 %", median: "Mediana", p75: "75 %", maximum: "Máximo", current: "Último",
  volume_zero: "sem volume", volume_invalido: "o volume da fonte não é um número de ações", copia_do_dia_anterior: "os quatro preços são os do pregão anterior",
  salto: "o fechamento está longe do anterior", sessao_curta: "pregão curto (Quarta-feira de Cinzas)",
  fracionario: "preços que não são pontos inteiros", fechamento_suspeito: "a abertura do pregão seguinte contradiz o fechamento",
  fechamento_corrigido: "o fechamento foi corrigido para o oficial da B3", barra_duvidosa: "o fechamento oficial da B3 está bem fora de máximo e mínimo",
  search: "Ação, unit, fundo, ETF ou BDR", show: "Mostrar", not_found: "Nada no mercado da B3 se chama {text}.",
  no_market: "As ações, fundos e BDRs da B3 ainda não estão neste lake. Em um laptop, “make market COTAHIST=<caminho>” os acrescenta.",
  unknown_ticker: "O mercado da B3 não tem o código {ticker}.", near: "Parecidos: {near}.",
  title_share: "{ticker} e sua volatilidade",
  unusual_note_share: "Os preços são os negociados: em um desdobramento ou dividendo a linha pode dar um degrau, e a volatilidade e a queda desde o topo deixam essa noite de fora. Incomum: a amplitude do dia, como fração do fechamento, está mais de {n} desvios padrão acima da média dos até 252 pregões anteriores.", index_share: "Preço", close_points_share: "Fechamento, R$", log_share: "Preço logarítmico",
  words_close_share: "Em {date} {ticker} fechou em R$ {close}, {change}.", words_drawdown_share: "Sem contar seus eventos, está {n} abaixo do maior fechamento até então.",
  first_share: "o primeiro pregão, ou um após um evento, como um dividendo", priced_share: "R$ {value}", volume_share: "Volume, ações", fresh_share: "Dados de {ticker} até {date}",
};

const TITLES = {
  parkinson: "Parkinson", garman_klass: "Garman–Klass", garman_klass_yang_zhang: "Garman–Klass–Yang–Zhang",
  rogers_satchell: "Rogers–Satchell", yang_zhang: "Yang–Zhang",
};

let texts = EN;
let locale = "en";
let formats = {};
let subject = null; // the ticker, null for the index

/** @param {"en"|"pt"} language @param {string|null} ticker of the page; null for the index */
export function setLanguage(language, ticker) {
  subject = ticker;
  texts = language === "pt" ? PT : EN;
  const english = navigator.languages.find((name) => name.toLowerCase().startsWith("en"));
  locale = language === "pt" ? "pt-BR" : (english ?? "en");
  formats = {};
  document.documentElement.lang = language === "pt" ? "pt-BR" : "en";
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", texts[element.dataset.label]);
}

/** A text with its values; that of a ticker where it differs. A name without a text is returned as it is. @param {string} name */
export const t = (name, values = {}) =>
  ((subject && texts[`${name}_share`]) || texts[name] || name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? (key === "ticker" ? subject : ""));

/** @param {string} name */
export const estimatorTitle = (name) => TITLES[name] ?? (texts === PT ? "Fechamento a fechamento" : "Close-to-close");

const format = (Kind, options) => {
  const key = Kind.name + JSON.stringify(options);
  formats[key] ??= new Kind(locale, options);
  return formats[key];
};

/** @param {number} value @param {number} digits the number of decimals */
export const number = (value, digits = 0) =>
  format(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** A price: points of the index, or reais and cents. @param {number} value */
export const price = (value) => number(value, subject ? 2 : 0);

/** A value of an axis, with the decimals that it needs. */
export const short = (value) => format(Intl.NumberFormat, { maximumFractionDigits: 2 }).format(value);

/** A fraction as a percentage. */
export const percent = (fraction, digits = 2) =>
  format(Intl.NumberFormat, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(fraction);

const DATES = {
  long: { dateStyle: "long" }, numeric: { year: "numeric", month: "2-digit", day: "2-digit" }, medium: { dateStyle: "medium" }, year: { year: "numeric" },
  month: { month: "short", year: "numeric" }, day: { day: "numeric", month: "short" },
};

/** @param {number|string} day seconds or an ISO date @param {keyof DATES} style */
export const date = (day, style = "long") =>
  format(Intl.DateTimeFormat, { timeZone: "UTC", ...DATES[style] }).format(typeof day === "string" ? Date.parse(day) : 1000 * day);
