"""What puts b3-dataflow on AWS. Nothing of it runs there."""
