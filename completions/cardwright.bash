# bash completion for cardwright

# Flows, or .lua files where the word looks like a path.
_cardwright_flows() {
  local flows
  flows=$(cardwright flows 2>/dev/null | sed -n 's/^\([^ ]*\) .*/\1/p')
  mapfile -t COMPREPLY < <(compgen -W "$flows" -- "$1"; compgen -f -X '!*.lua' -- "$1")
}

# Arguments of the flow on this command line, as NAME=; after NAME=, files.
_cardwright_set() {
  local current=$1 flow=$2 names
  case $current in
    *=@*) mapfile -t COMPREPLY < <(compgen -f -- "${current#*=@}") ;;
    *=*) mapfile -t COMPREPLY < <(compgen -f -- "${current#*=}") ;;
    *)
      names=$(cardwright flow info "$flow" 2>/dev/null | sed -n '/^arguments$/,/^$/s/^\([a-z_0-9]*\) .*/\1=/p')
      mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
      compopt -o nospace
      ;;
  esac
}

_cardwright() {
  local current previous words cword
  _init_completion -n =: 2>/dev/null || {
    current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  }
  current=${current:-${words[cword]}} previous=${words[cword - 1]}

  local session='--card --card-state --keys --policy --trace --seed'
  local options='' command=${words[1]}
  case $command in
    run) options="$session --set --json --verbose --help" ;;
    flows | selftest) options='--vectors --help' ;;
    flow | cap | card)
      if [ "$cword" -eq 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'info --help' -- "$current")
        return
      fi
      options='--json --help'
      if [ "$command" = card ]; then options="$session $options"; fi
      ;;
    send | repl) options="$session --help" ;;
    check) options='--help' ;;
  esac
  if [ "$command" = flows ]; then options='--help'; fi

  if [ "$cword" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'run flows flow check cap card send selftest repl --help --version' -- "$current")
    return
  fi
  case $previous in
    --card)
      mapfile -t COMPREPLY < <(compgen -W 'sim' -- "$current")
      return
      ;;
    --card-state | --keys | --policy | --trace)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --vectors)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --seed) return ;;
    --set)
      _cardwright_set "$current" "${words[2]}"
      return
      ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  case $command in
    run | check) _cardwright_flows "$current" ;;
    flow) _cardwright_flows "$current" ;;
    cap) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}

complete -o filenames -F _cardwright cardwright
