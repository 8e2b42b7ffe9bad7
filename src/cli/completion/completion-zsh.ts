import {
  type CompletedOption,
  completedCommands,
  completedOptions,
  completedQueueCommands,
  operandChoices,
} from './completion-options.js';

/** The completion script of zsh. */
export function zshCompletion(): string {
  const commands = completedCommands();
  return `#compdef stompctl
# zsh completion for stompctl: save it as _stompctl in a folder of $fpath

_stompctl_queue() {
  local -a commands
  commands=(
${completedQueueCommands()
  .map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`)
  .join('\n')}
  )
  if (( CURRENT == 3 )); then
    _describe command commands
    return
  fi
  local command=$words[3]
  shift 2 words
  (( CURRENT -= 2 ))
  case $command in
${completedQueueCommands().flatMap(queueCase).join('\n')}
  esac
}

_stompctl() {
  local -a commands options
  commands=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  options=(
${completedOptions()
  .flatMap((option) => option.names.map((name) => `    ${quote(specification(name, option))}`))
  .join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  if [[ $words[2] == queue ]]; then
    _stompctl_queue
    return
  fi
  case $words[2] in
${commands.flatMap(commandCase).join('\n')}
  esac
  _arguments $options
}

_stompctl "$@"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `*--name=[what it does]:VALUE:action`: an option that may come several times and takes its value in either way. */
function specification(name: string, { doc, value, choices, isPath }: CompletedOption): string {
  const text = `[${doc.replace(/[\\[\]:]/g, '\\$&')}]`;
  if (value === undefined) return `*${name}${text}`;
  const action = choices.length > 0 ? `(${choices.join(' ')})` : isPath ? '_files' : '';
  return `*${name}${name.startsWith('--') ? '=' : ''}${text}:${value.replaceAll(':', '\\:')}:${action}`;
}

function queueCase({ name, options }: ReturnType<typeof completedQueueCommands>[number]): string[] {
  const specifications = options.flatMap((option) => option.names.map((each) => quote(specification(each, option))));
  return [`    ${name})`, `      _arguments ${specifications.join(' ')} '*:path:_files'`, '      ;;'];
}

function commandCase(command: ReturnType<typeof completedCommands>[number]): string[] {
  const flags = (command.flags ?? []).map(({ name, doc, value }) =>
    quote(value === undefined ? `--${name}[${doc}]` : `--${name}=[${doc}]:${value}:_files`),
  );
  const operands = operandChoices(command.operands);
  const action = operands === 'files' ? '_files' : `(${operands.join(' ')})`;
  const operand = operands.length === 0 ? '' : ` ${quote(`*:${command.operands}:${action}`)}`;
  return [
    `    ${command.name})`,
    '      shift words',
    '      (( CURRENT-- ))',
    `      _arguments $options ${flags.join(' ')}${operand}`.replace(/ {2,}'/, " '"),
    '      return',
    '      ;;',
  ];
}
