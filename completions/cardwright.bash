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
      names=$(cardwright flow info "$flow" 2>/dev/null | sed -n '/^arguments$/,/^$/{/^name  *type /d;s/^\([a-z_0-9]*\) .*/\1=/p}')
      mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
      compopt -o nospace
      ;;
  esac
}

_cardwright() {
  # From bash-completion, where it is there: it keeps NAME=VALUE together.
  local cur prev words cword
  _init_completion -n =: 2>/dev/null || {
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  }

  local session='--card --card-state --keys --policy --trace --seed'
  local options='--help' command=${words[1]}
  case $command in
    run) options="$session --set --json --verbose --help" ;;
    selftest) options='--vectors --help' ;;
    flow | cap | card)
      if [ "$cword" -eq 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'info --help' -- "$cur")
        return
      fi
      if [ "$command" = cap ]; then options='--json --help'; fi
      if [ "$command" = card ]; then options="$session --json --help"; fi
      ;;
    send) options="$session --help" ;;
    repl) options="$session --verbose --help" ;;
  esac

  if [ "$cword" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'run flows flow check cap card send selftest repl --help --version' -- "$cur")
    return
  fi
  case $prev in
    --card)
      mapfile -t COMPREPLY < <(compgen -W 'sim' -- "$cur")
      return
      ;;
    --card-state | --keys | --policy | --trace)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    --vectors)
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      return
      ;;
    --seed) return ;;
    --set)
      _cardwright_set "$cur" "${words[2]}"
      return
      ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  case $command in
    run | check) _cardwright_flows "$cur" ;;
    flow) _cardwright_flows "$cur" ;;
    cap) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  esac
}

complete -o filenames -F _cardwright cardwright
