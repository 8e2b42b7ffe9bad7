import { completedCommands, completedOptions, completedQueueCommands, operandChoices } from './completion-options.js';

/** The completion script of bash. */
export function bashCompletion(): string {
  const options = completedOptions();
  const commands = completedCommands();
  const words = options.flatMap((option) => option.names);
  const choices = options.filter((option) => option.choices.length > 0);
  const paths = options.filter((option) => option.isPath).flatMap((option) => option.names);
  const others = options.filter(
    (option) => option.value !== undefined && option.choices.length === 0 && !option.isPath,
  );
  return `# bash completion for stompctl: source it, or save it as /usr/share/bash-completion/completions/stompctl

_stompctl_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_stompctl_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_stompctl_queue() {
  local options
  if (( COMP_CWORD == 2 )); then
    _stompctl_words "${completedQueueCommands()
      .map(({ name }) => name)
      .join(' ')} --help" "$1"
    return
  fi
  case $2 in
    --to) _stompctl_files "$1"; return ;;
${queueChoices().join('\n')}
  esac
  case \${COMP_WORDS[2]} in
${completedQueueCommands()
  .map(({ name, options }) => `    ${name}) options="${options.flatMap(({ names }) => names).join(' ')} --help" ;;`)
  .join('\n')}
  esac
  if [[ $1 == -* ]]; then _stompctl_words "$options" "$1"; else _stompctl_files "$1"; fi
}

_stompctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # --name=value arrives as three words
  if [[ $current == "=" ]]; then
    current=
  elif [[ $previous == "=" ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ \${COMP_WORDS[1]} == queue ]] && (( COMP_CWORD > 1 )); then
    _stompctl_queue "$current" "$previous"
    return
  fi
  # of a queue, whose keys stand behind another "="
  case $previous in
    path) _stompctl_files "$current"; return ;;
    type) _stompctl_words "DQS DQN NULL" "$current"; return ;;
${choices.map((option) => `    ${option.names.join('|')}) _stompctl_words "${option.choices.join(' ')}" "$current"; return ;;`).join('\n')}
    ${paths.join('|')}) _stompctl_files "$current"; return ;;
    ${others.flatMap((option) => option.names).join('|')}) return ;;
  esac
  local options="${words.join(' ')}"
  if (( COMP_CWORD == 1 )) && [[ $current != -* ]]; then
    _stompctl_words "${commands.map((command) => command.name).join(' ')}" "$current"
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.flatMap(commandCase).join('\n')}
  esac
  _stompctl_words "$options" "$current"
}

complete -F _stompctl stompctl
`;
}

function queueChoices(): string[] {
  const options = completedQueueCommands().flatMap((command) => command.options);
  const choices = new Map(options.map((option) => [option.names.join('|'), option]));
  return [...choices].flatMap(([names, { value, choices: words, isPath }]) => {
    if (value === undefined || isPath) return [];
    // quoted: the shell takes "!" for history when the script is pasted
    if (words.length === 0) return [`    ${names}) return ;;`];
    return [`    ${names}) _stompctl_words '${words.join(' ')}' "$1"; return ;;`];
  });
}

function commandCase(command: ReturnType<typeof completedCommands>[number]): string[] {
  const flags = (command.flags ?? []).map((flag) => `--${flag.name}`);
  const operands = operandChoices(command.operands);
  if (flags.length === 0 && operands.length === 0) return [];
  const complete =
    operands === 'files' ? '_stompctl_files "$current"' : `_stompctl_words "${operands.join(' ')}" "$current"`;
  return [
    `    ${command.name})`,
    `      options+=" ${flags.join(' ')}"`,
    `      if [[ $current != -* ]]; then ${complete}; return; fi`,
    '      ;;',
  ];
}
