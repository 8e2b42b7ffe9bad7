import {
  type CompletedOption,
  completedCommands,
  completedOptions,
  completedQueueCommands,
  operandChoices,
} from './completion-options.js';

/** The completion script of fish. */
export function fishCompletion(): string {
  return `# fish completion for stompctl: save it as ~/.config/fish/completions/stompctl.fish

complete -c stompctl -f
${completedCommands().flatMap(commandLines).join('\n')}
${completedQueueCommands().flatMap(queueLines).join('\n')}
${completedOptions()
  .map((option) => optionLine(option, OTHERS))
  .join('\n')}
`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function commandLines(command: ReturnType<typeof completedCommands>[number]): string[] {
  const inCommand = `complete -c stompctl -n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
  const lines = [`complete -c stompctl -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`];
  for (const { name, doc, value } of command.flags ?? []) {
    lines.push(`${inCommand} -l ${name}${value === undefined ? '' : ' -r -F'} -d ${quote(doc)}`);
  }
  const operands = operandChoices(command.operands);
  if (operands === 'files') lines.push(`${inCommand} -F`);
  else if (operands.length > 0) lines.push(`${inCommand} -a ${quote(operands.join(' '))}`);
  return lines;
}

/** the options of a run mean nothing to `queue`, which has its own of the same names */
const OTHERS = 'not __fish_seen_subcommand_from queue';

function queueLines({ name, summary, options }: ReturnType<typeof completedQueueCommands>[number]): string[] {
  const names = completedQueueCommands().map((each) => each.name);
  const chosen = `__fish_seen_subcommand_from queue; and __fish_seen_subcommand_from ${name}`;
  const first = `__fish_seen_subcommand_from queue; and not __fish_seen_subcommand_from ${names.join(' ')}`;
  return [
    `complete -c stompctl -n ${quote(first)} -a ${name} -d ${quote(summary)}`,
    `complete -c stompctl -n ${quote(chosen)} -F`,
    ...options.map((option) => optionLine(option, chosen)),
  ];
}

function optionLine({ names, doc, value, choices, isPath }: CompletedOption, condition: string): string {
  const spellings = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const values =
    choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : isPath ? ' -r -F' : value === undefined ? '' : ' -x';
  return `complete -c stompctl -n ${quote(condition)} ${spellings.join(' ')}${values} -d ${quote(doc)}`;
}
