import { type CellResult, summary } from './run-cell.js';

const BEGIN = '<!-- matrix: begin -->';
const END = '<!-- matrix: end -->';

/** One cell for the terminal, with everything about it when it is red. */
export function line(result: CellResult): string {
  if (result.wrong.length === 0) return head(result);
  return [head(result), ...reasons(result), '    the end of its log:', result.log].join('\n');
}

/** Every red cell in a few lines, for who reads only the end of the output. */
export function redCells(results: readonly CellResult[]): string {
  const red = results.filter(({ wrong }) => wrong.length > 0);
  return red.map((result) => [head(result), ...reasons(result)].join('\n')).join('\n');
}

function head({ fault, path, broker, verdict, seconds, wrong }: CellResult): string {
  const { messages, duplicates, failed, lost } = verdict;
  const mark = wrong.length === 0 ? 'ok ' : 'RED';
  const counts = `${messages} messages, ${duplicates} duplicates, ${failed} failed, ${lost.length} lost`;
  return `${mark} ${fault}, ${path}, ${broker}: ${counts}, ${seconds.toFixed(1)} s`;
}

function reasons({ wrong }: CellResult): string[] {
  return wrong.map((text) => `    ${text}`);
}

export function markdown(results: readonly CellResult[]): string {
  const rows = results.map(({ fault, path, broker, strikes, verdict, seconds, ownEnds, wrong }) => {
    const { messages, once, repeated, duplicates, failed, lost, spoilt } = verdict;
    const copies = duplicates === 0 ? '0' : `${duplicates} (of ${repeated})`;
    const cells = [fault, path, broker, strikes, messages, once, copies, failed, lost.length, spoilt.length];
    return `| ${[...cells, ownEnds.length === 0 ? '0' : summary(ownEnds), seconds.toFixed(1), wrong.length === 0 ? 'green' : '**red**'].join(' | ')} |`;
  });
  const head =
    '| fault | path | broker | strikes | messages | once | duplicates | failure queue | lost | spoilt | own ends | seconds | |';
  return [
    head,
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    ...rows,
  ].join('\n');
}

export function totals(results: readonly CellResult[]): string {
  const sum = (of: (result: CellResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const red = results.filter(({ wrong }) => wrong.length > 0).length;
  return (
    `${results.length} cells, ${red} red; ${sum(({ strikes }) => strikes)} strikes; ` +
    `${sum(({ verdict }) => verdict.messages)} messages, ${sum(({ verdict }) => verdict.duplicates)} duplicates, ` +
    `${sum(({ verdict }) => verdict.lost.length)} lost, ${sum(({ verdict }) => verdict.spoilt.length)} spoilt`
  );
}

/** The document with the table of this run between its markers. */
export function insertTable(document: string, table: string, results: readonly CellResult[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`insertTable(docs/reliability.md): ${BEGIN} … ${END} is missing`);
  const when = new Date().toISOString().slice(0, 10);
  const text = `\n${totals(results)}. Run on ${when}, Node ${process.version}.\n\n${table}\n`;
  return document.slice(0, begin + BEGIN.length) + text + document.slice(end);
}
