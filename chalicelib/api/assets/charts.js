// Charts with uPlot: three of the same period, and the cone.

import { addKeyboard, addPointer } from "./gestures.js";

const { uPlot } = window;
const FONT = "12px system-ui, sans-serif";
const DAY = 86400;

/** The colour of a legend entry, which the style sheet chooses for light and dark. */
const colour = (name) => getComputedStyle(document.querySelector(`.legend .${name}`), "::before").color;
const ink = () => getComputedStyle(document.body).color;
const faint = (css, share) => css.replace(/^rgb\((.+)\)$/, `rgba($1, ${share})`);

const axis = (more) => ({
  stroke: ink(), font: FONT, grid: { stroke: faint(ink(), 0.12), width: 1 }, ticks: { show: false }, ...more,
});

const dateAxis = (format) => axis({
  space: 88,
  size: 30,
  values: (_, splits, __, ___, step) => splits.map((time) => format(time, step >= 360 * DAY ? "year" : step >= 27 * DAY ? "month" : "day")),
});

/** The ticks of a logarithmic axis: 1, 2 and 5 times the powers of ten. */
function logarithmicTicks(_, __, min, max) {
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10) ticks.push(power, 2 * power, 5 * power);
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** Draw rings or squares at the values of some sessions. */
function drawMarks(u, flags, css, square) {
  const [times, values] = u.data;
  const { ctx } = u;
  const years = (u.scales.x.max - u.scales.x.min) / (365 * DAY);
  const radius = (square ? 3.2 : 4.5) * devicePixelRatio * (years > 12 ? 0.45 : years > 4 ? 0.7 : 1);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = css;
  ctx.lineWidth = 1.6 * devicePixelRatio;
  for (let i = 0; i < times.length; i += 1) {
    if (!flags[i] || times[i] < u.scales.x.min || times[i] > u.scales.x.max) continue;
    const x = u.valToPos(times[i], "x", true);
    const y = u.valToPos(values[i], "y", true);
    ctx.beginPath();
    if (square) ctx.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    else ctx.arc(x, y, radius, 0, 2 * Math.PI);
    if (square) ctx.fill(); else ctx.stroke();
  }
  ctx.restore();
}

/** Write across the plot that the data is synthetic. */
function drawWatermark(u, text) {
  const { left, top, width, height } = u.bbox;
  const { ctx } = u;
  ctx.save();
  ctx.fillStyle = faint(ink(), 0.16);
  ctx.font = `700 ${Math.round(Math.min(width / 12, height / 4))}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, left + width / 2, top + height / 2);
  ctx.restore();
}

function draw(host, options, data) {
  host.chart?.destroy();
  const size = () => ({ width: host.clientWidth, height: host.clientHeight });
  const chart = new uPlot({ ...size(), legend: { show: false }, padding: [10, 38, 0, 0], ...options }, data, host);
  host.chart = chart;
  host.observer ??= new ResizeObserver(() => host.chart.setSize(size()));
  host.observer.observe(host);
  return chart;
}

const SPECS = {
  index: {
    values: (columns) => columns.preco_fechamento, css: "close",
    range: (min, max, log) => (log ? [min * 0.96, max * 1.04] : [min - 0.05 * (max - min), max + 0.08 * (max - min)]),
  },
  volatility: {
    values: (columns) => columns.vol_anualizada.map((value) => (value === null ? null : 100 * value)), css: "vol",
    range: (_, max) => [0, max * 1.08],
  },
  drawdown: {
    values: (columns) => columns.drawdown.map((value) => (value === null ? null : 100 * value)), css: "fall",
    range: (min) => [Math.min(-1, min * 1.08), 0], fill: true,
  },
};

/** The charts of one period: they share the view and the chosen day. */
export class TimeCharts {
  /**
   * @param {(i: number|null, host: HTMLElement, byKey: boolean) => void} onDay called with the position of a day
   * @param {() => void} onView called when the reader changed the view
   */
  constructor(onDay, onView) {
    this.onDay = onDay;
    this.onView = onView;
    this.view = null;
    this.active = null;
    this.hosts = Object.keys(SPECS).map((name) => document.querySelector(`#${name} .plot`));
    const control = {
      view: () => this.view, show: (view) => { this.show(view); this.onView(); },
      reset: () => { this.reset(); this.onView(); },
    };
    for (const host of this.hosts) {
      host.addEventListener("pointerenter", () => { this.active = host; });
      host.addEventListener("pointerleave", () => { this.onDay(null, host, false); });
      const choose = (steps) => this.choose(host, steps);
      addKeyboard(host, { ...control, choose });
      host.control = control;
    }
  }

  /** The period of the last two years of the data, or all of it if it is shorter. */
  get recent() {
    const last = this.columns.time.at(-1);
    return { min: Math.max(this.columns.time[0], last - 730 * DAY), max: last + 5 * DAY };
  }

  reset() { this.show(this.recent); }

  /** Draw anew. `texts` has `date`, `number`, `watermark`; `marks` flags by session. */
  draw(columns, marks, log, texts) {
    this.columns = columns;
    this.view ??= this.recent;
    Object.entries(SPECS).forEach(([name, spec], i) => {
      const host = this.hosts[i];
      const stroke = colour(spec.css);
      const logarithmic = log && name === "index";
      const chart = draw(host, {
        tzDate: (time) => uPlot.tzDate(new Date(1000 * time), "Etc/UTC"),
        cursor: { sync: { key: "day" }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
        scales: {
          x: { range: () => [this.view.min, this.view.max] },
          y: { distr: logarithmic ? 3 : 1, range: (_, min, max) => (min === null ? [0, 1] : spec.range(min, max, logarithmic)) },
        },
        axes: [dateAxis(texts.date), axis({
          size: 62,
          values: (_, splits) => splits.map((value) => (value === null ? "" : texts.number(value))),
          ...(logarithmic && { splits: logarithmicTicks, filter: (_, splits) => splits }),
        })],
        series: [{}, { stroke, width: 1.5, points: { show: false }, fill: spec.fill ? faint(stroke, 0.15) : undefined }],
        hooks: {
          draw: [(u) => {
            if (name === "index") {
              drawMarks(u, marks.unusual, colour("unusual"), false);
              drawMarks(u, marks.warned, colour("warning"), true);
            }
            if (texts.watermark) drawWatermark(u, texts.watermark);
          }],
          setCursor: [(u) => { if (this.active === host && !this.choosing) this.onDay(u.cursor.idx ?? null, host, false); }],
        },
      }, [columns.time, spec.values(columns)]);
      host.marks = marks;
      addPointer(chart.over, host.control);
    });
  }

  /** Show a period, inside the data and not shorter than two weeks. */
  show({ min, max }) {
    const first = this.columns.time[0];
    const last = this.columns.time.at(-1) + 5 * DAY;
    const length = Math.min(Math.max(max - min, 14 * DAY), last - first);
    const start = Math.min(Math.max((min + max - length) / 2, first), last - length);
    this.view = { min: start, max: start + length };
    for (const host of this.hosts) host.chart.setScale("x", this.view);
  }

  /** Move the chosen day of the keyboard, and the view with it. */
  choose(host, steps) {
    const { time } = this.columns;
    const last = time.length - 1;
    if (steps === "none") this.chosen = null;
    else if (steps === "first" || steps === "last") this.chosen = steps === "first" ? 0 : last;
    else this.chosen = this.chosen === null || this.chosen === undefined ? last : Math.min(Math.max(this.chosen + steps, 0), last);
    this.active = host;
    this.choosing = true;
    if (this.chosen !== null) {
      const at = time[this.chosen];
      const half = (this.view.max - this.view.min) / 2;
      if (at < this.view.min || at > this.view.max) this.show({ min: at - half, max: at + half });
      host.chart.setCursor({ left: host.chart.valToPos(at, "x"), top: 0 });
    } else {
      host.chart.setCursor({ left: -10, top: -10 });
    }
    this.choosing = false;
    this.onDay(this.chosen, host, true);
  }
}

/** Draw the cone: for each window the distribution of the volatility, and the latest value. */
export function drawCone(host, rows, texts) {
  const percent = (name) => rows.map((row) => (row[name] === null ? null : 100 * row[name]));
  const line = (css, width) => ({ stroke: css, width, points: { show: false } });
  const [band, quartiles, current] = ["band", "quartiles", "unusual"].map(colour);
  draw(host, {
    cursor: { show: false },
    scales: { x: { time: false, range: [-0.4, rows.length - 0.6] }, y: { range: (_, __, max) => [0, max * 1.08] } },
    axes: [
      axis({ size: 30, splits: () => rows.map((_, i) => i), values: () => rows.map((row) => `${row.window}`) }),
      axis({ size: 62, values: (_, splits) => splits.map((value) => texts.number(value)) }),
    ],
    bands: [{ series: [5, 1], fill: faint(band, 0.18) }, { series: [4, 2], fill: faint(quartiles, 0.25) }],
    series: [
      {}, line(band, 1), line(quartiles, 1), line(quartiles, 2), line(quartiles, 1), line(band, 1),
      { stroke: current, width: 0, points: { show: true, size: 9, stroke: current, fill: current } },
    ],
    hooks: { draw: texts.watermark ? [(u) => drawWatermark(u, texts.watermark)] : [] },
  }, [rows.map((_, i) => i), ...["min", "p25", "median", "p75", "max", "current"].map(percent)]);
}
