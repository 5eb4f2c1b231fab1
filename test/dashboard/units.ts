/** A value as Grafana would write it. @param unit Grafana's name of it @throws {Error} for one that is not known here */
export function valueText(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  switch (unit) {
    case 'short':
      return digits(value);
    case 'reqps':
      return `${digits(value)} req/s`;
    case 'pps':
      return `${digits(value)} p/s`;
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 's':
      return seconds(value);
    case 'bytes':
      return bytes(value);
    default:
      throw new Error(`the unit ${unit} is not known`);
  }
}

function digits(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 1 ? 3 : Math.abs(value) < 10 ? 2 : 1 });
}

function seconds(value: number): string {
  if (value === 0) return '0 s';
  return value < 1e-3 ? `${digits(value * 1e6)} µs` : value < 1 ? `${digits(value * 1e3)} ms` : `${digits(value)} s`;
}

function bytes(value: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB'];
  const step = value < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(value) / 10));
  return `${digits(value / 1024 ** step)} ${names[step]}`;
}
