import { type CompletedOption, completedCommands, completedOptions, operandChoices } from './completion-options.js';

/** The completion script of fish. */
export function fishCompletion(): string {
  return `# fish completion for stompctl: save it as ~/.config/fish/completions/stompctl.fish

complete -c stompctl -f
${completedCommands().flatMap(commandLines).join('\n')}
${completedOptions().map(optionLine).join('\n')}
`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function commandLines(command: ReturnType<typeof completedCommands>[number]): string[] {
  const inCommand = `complete -c stompctl -n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
  const lines = [`complete -c stompctl -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`];
  for (const flag of command.flags ?? []) lines.push(`${inCommand} -l ${flag.name} -d ${quote(flag.doc)}`);
  const operands = operandChoices(command.operands);
  if (operands === 'files') lines.push(`${inCommand} -F`);
  else if (operands.length > 0) lines.push(`${inCommand} -a ${quote(operands.join(' '))}`);
  return lines;
}

function optionLine({ names, doc, value, choices, isPath }: CompletedOption): string {
  const spellings = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const values =
    choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : isPath ? ' -r -F' : value === undefined ? '' : ' -x';
  return `complete -c stompctl ${spellings.join(' ')}${values} -d ${quote(doc)}`;
}
