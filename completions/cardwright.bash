# bash completion for cardwright. Needs bash alone.
#
# bash splits words at = and :, so NAME=VALUE and sim:FLAVOR arrive in pieces; the words are read again from the line,
# and of each reply only what stands behind the last such character is given back.

# _cardwright_reply WORDS...: those that begin with the word under the cursor.
_cardwright_reply() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$*" -- "$cur")
}

# _cardwright_files PATH [PATTERN]: files and folders that begin with PATH.
_cardwright_files() {
  local word
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$1"; compgen -f -X "${2:-}" -- "$1")
}

# The flow on the line: the first word after `run` that is neither an option nor an option's value.
_cardwright_flow() {
  local i
  for ((i = 2; i < ${#line[@]} - 1; i++)); do
    case ${line[i]} in
      --json | --verbose | --help | --card-shared | --retry-failed | --any-card) ;;
      -*) i=$((i + 1)) ;;
      *) printf '%s' "${line[i]}" && return ;;
    esac
  done
}

# Ids of runs in the store that the line names, or in the default one.
_cardwright_runs() {
  local i place=()
  for ((i = 2; i < ${#line[@]} - 2; i++)); do
    case ${line[i]} in --store | --store-key) place+=("${line[i]}" "${line[i + 1]}") ;; esac
  done
  _cardwright_reply "$(cardwright runs list --json "${place[@]}" 2>/dev/null | sed -n 's/^{"id":"\([0-9a-z]*\)".*/\1/p')"
}

# Arguments of the flow as NAME=; behind NAME= or NAME=@, files.
_cardwright_set() {
  local names
  case $cur in
    *=@*)
      _cardwright_files "${cur#*=@}"
      COMPREPLY=("${COMPREPLY[@]/#/@}")
      ;;
    *=*) _cardwright_files "${cur#*=}" ;;
    *)
      names=$(cardwright flow info "$(_cardwright_flow)" 2>/dev/null |
        sed -n '/^arguments$/,/^$/{/^name  *type /d;s/^\([a-z_0-9]*\) .*/\1=/p}')
      _cardwright_reply "$names"
      compopt -o nospace 2>/dev/null
      ;;
  esac
}

_cardwright() {
  local line cur prev
  read -ra line <<<"${COMP_LINE:0:COMP_POINT}"
  case ${COMP_LINE:0:COMP_POINT} in *[[:space:]]) line+=("") ;; esac
  cur=${line[-1]} prev=${line[-2]}
  COMPREPLY=()

  local session='--card --flavor --card-shared --card-state --keys --policy --trace --seed' record='--record --record-answers' service='--service --cert --key --ca'
  local command=${line[1]} options='--help'
  case $command in
    run) options="$session $record --bundle --require-signed --store --store-key --set --json --verbose --help" ;;
    runs)
      options='--store --store-key --help'
      case ${line[2]} in
        list) options+=" $service --state --flow --limit --all --json" ;;
        show) options+=" $service --raw" ;;
        stop) options+=" $service" ;;
        resume) options+=' --card --keys --verbose' ;;
        replay) options+=' --policy --bundle --verify-wire --keys' ;;
        export) options+=' --answers' ;;
      esac
      ;;
    batch)
      options='--cards --flavor --data --set --key --keys --policy --bundle --require-signed --results --quarantine --stop-after --limit'
      options+=' --retry-failed --any-card --card-states --store --store-key --json --verbose --help'
      ;;
    readers) options='--json --watch --help' ;;
    test)
      options='--card --keys --policy --tag --name --flavor --jobs --seed --format --junit --html --slowest --list --fresh'
      options+=' --tear --set --card-state --from --record --record-answers --store --store-key --help'
      ;;
    selftest) options='--vectors --help' ;;
    cap) options='--json --help' ;;
    card)
      options="$session $record --json --help"
      if [ "${line[2]}" = serve ]; then options='--vpcd --flavor --state --count --seed --trace --help'; fi
      ;;
    send) options="$session $record --store --store-key --help" ;;
    repl) options="$session --store --store-key --verbose --help" ;;
    store)
      options='--store --store-key --json --help'
      if [ "${line[2]}" = forget ]; then options+=' --older-than --dry-run'; fi
      ;;
    audit)
      options='--store --store-key --help'
      case ${line[2]} in
        list) options+=" $service --from --json" ;;
        verify) options+=" $service --root --json" ;;
        verify-proof) options='--root --help' ;;
        root) options+=' --append' ;;
      esac
      ;;
    budget)
      options="--store --store-key $service --json --help"
      if [ "${line[2]}" = reset ]; then options+=' --domain --version --reason'; fi
      ;;
    outbox)
      options='--store --store-key --help'
      case ${line[2]} in list) options+=' --all --json' ;; deliver) options+=' --wait' ;; esac
      ;;
    keys)
      options='--keys --passphrase-file --store --store-key --help'
      case ${line[2]} in
        list | show) options+=' --json' ;;
        generate) options+=' --type --size --purpose --diversification --exportable --version --active-from --expires --json' ;;
        update) options+=' --version --active-from --expires --json' ;;
        component)
          options+=' --type --size --purpose --diversification --exportable --version --active-from --expires --json'
          options+=' --kcv --component-kcv --component-file'
          ;;
        import)
          options+=' --type --size --purpose --diversification --exportable --version --active-from --expires --json'
          options+=' --under --form --kcv --from --update'
          ;;
        export) options+=' --under --form --json' ;;
        archive | revoke | destroy) options+=' --reason --json' ;;
        backup | restore) options+=' --backup-passphrase-file' ;;
      esac
      ;;
    ticket) options='--store --store-key --flavor --card --set --expires --count --help' ;;
    agent)
      options='--server --card --session --protocol --ca --cert --key --psk --psk-identity --se-type --se-id --flavor'
      options+=' --card-shared --card-state --patience --trace --help'
      ;;
    sei)
      options='--cards --check --demo --help'
      case ${line[2]} in state) options='--cards --se-id --sd-aid --status --help' ;; allow) options='--cards --se-id --help' ;; esac
      ;;
    owner)
      options="--store --store-key $service --help"
      case ${line[2]} in
        list | show) options+=' --json' ;;
        register) options+=' --organisation --contact --remarks --again' ;;
        update) options+=' --organisation --contact --remarks' ;;
        review) options+=' --accept --refuse --reason' ;;
        approve) options+=' --until --from --reason' ;;
        suspend | resume) options+=' --reason' ;;
        deregister) options+=' --to --stop-runs --reason' ;;
        consent)
          case ${line[3]} in
            list) options+=' --owner --json' ;;
            give | refuse) options+=' --owner --reason' ;;
            *) options='--help' ;;
          esac
          ;;
      esac
      ;;
    ca)
      options='--keys --passphrase-file --store --store-key --help'
      case ${line[2]} in
        init) options+=' --authority --subject --key --crl-url --ocsp-url --expires --out --json' ;;
        issue)
          options+=' --authority --profile --request --public-key-of --public-key --subject --name --owner --card --domain'
          options+=' --key-id --key-version --expires --out --json'
          ;;
        renew) options+=' --request --revoke --expires --out --json' ;;
        revoke) options='--reason --store --store-key --json --help' ;;
        crl) options+=' --authority --days --last --der --out' ;;
        list)
          options="--authority --subject --profile --state --card --domain --ends-within --owner --store --store-key $service"
          options+=' --json --help'
          ;;
        show) options="--owner --store --store-key $service --json --pem --hex --help" ;;
        serve) options+=' --authority --listen --key --good-for --crl-days' ;;
      esac
      ;;
    keyserver) options='--config --check --demo --help' ;;
    bundle)
      options='--store --store-key --help'
      case ${line[2]} in
        build) options='--output --help' ;;
        sign) options='--key --chain --output --help' ;;
        verify | load) options+=" $service --trust" ;;
        list | diff) options+=" $service --json" ;;
        show) options+=" $service --text --output --json" ;;
        use) options+=" $service --canary --require-signed --reason" ;;
        rollback) options+=" $service --reason" ;;
        discard) options+=" $service" ;;
        shadow) options+=' --since --flow --json' ;;
      esac
      ;;
    policy)
      options='--store --store-key --help'
      case ${line[2]} in
        check) options='--help' ;;
        diff) options+=' --json' ;;
        list | proposals) options+=" $service --json" ;;
        show) options+=" $service --text --json" ;;
        load | discard | approve | reject) options+=" $service" ;;
        use) options+=" $service --canary --reason" ;;
        rollback) options+=" $service --reason" ;;
        explain) options+=' --command --run --flow --level --scp --domain --json' ;;
        shadow) options+=' --since --flow --json' ;;
      esac
      ;;
    serve) options='--check --demo --help' ;;
    top) options="--store --store-key $service --once --json --help" ;;
  esac

  if [ "${#line[@]}" -eq 2 ]; then
    _cardwright_reply run runs batch flows flow check cap card readers send selftest repl store audit budget outbox policy bundle owner keys ticket agent sei keyserver ca serve top --help --version
    return
  fi
  case "$command $prev" in
    'audit --from' | 'runs --flow' | 'policy --flow' | 'policy --scp' | 'policy --since' | 'bundle --flow' | 'bundle --since' | 'policy --command' | 'bundle --text') return ;;
    'keys --form') _cardwright_reply aes-key-wrap aes-cbc des-ecb tr31 && return ;;
    'keys --purpose') _cardwright_reply channel master kek token receipt dap certificate && return ;;
    'keys --diversification') _cardwright_reply none visa2 emv kdf3 gemvisa && return ;;
    'keys --type') _cardwright_reply aes des && return ;;
    'keys --version' | 'keys --kcv' | 'keys --component-kcv' | 'keys --under' | 'keys --size') return ;;
    'owner --organisation' | 'owner --contact' | 'owner --remarks' | 'owner --until' | 'owner --from' | 'owner --to') return ;;
    'ca --profile') _cardwright_reply server client domain ocsp && return ;;
    'ca --reason') _cardwright_reply keyCompromise cACompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn unspecified && return ;;
    'ca --state') _cardwright_reply valid replaced revoked expired && return ;;
    'ca --request' | 'ca --public-key' | 'ca --out') _cardwright_files "$cur" && return ;;
    'ca --domain' | 'ca --name' | 'ca --subject' | 'ca --authority' | 'ca --public-key-of' | 'ca --listen') return ;;
    'sei --cards') _cardwright_files "$cur" && return ;;
    'sei --status') _cardwright_reply DELETED RESETED && return ;;
    'sei --sd-aid') return ;;
    'agent --key') _cardwright_files "$cur" && return ;;
    'bundle --key') _cardwright_files "$cur" && return ;;
    'runs --state') _cardwright_reply running waiting stuck 'done' failed stopped && return ;;
  esac
  case $prev in
    --cards)
      _cardwright_reply sim sim:generic sim:uicc sim:jcop4 sim:secora sim:smartcafe sim:yubikey 'pcsc:\*'
      case $cur in *:*) COMPREPLY=("${COMPREPLY[@]#*:}") ;; esac
      return
      ;;
    --card)
      _cardwright_reply sim sim:generic sim:uicc sim:jcop4 sim:secora sim:smartcafe sim:yubikey pcsc: recorded:
      case $cur in *:*) COMPREPLY=("${COMPREPLY[@]#*:}") ;; esac
      return
      ;;
    --bundle) _cardwright_files "$cur" '!*.bundle' && return ;;
    --format) _cardwright_reply summary tap && return ;;
    --protocol) _cardwright_reply seram ram-http && return ;;
    --se-type) _cardwright_reply eSE iSE uicc euicc ieuicc undefined && return ;;
    --tear) _cardwright_reply all && return ;;
    --flavor)
      _cardwright_reply generic uicc jcop4 secora smartcafe yubikey
      return
      ;;
    --card-state | --card-states | --state | --data | --results | --quarantine | --junit | --html | --keys | --policy | --trace | --record | --from | --vectors | --store | --store-key | --root | --append | --ca | --cert | --psk | --output | --chain | --trust | --require-signed | --demo | --config | --passphrase-file | --backup-passphrase-file | --component-file)
      _cardwright_files "$cur"
      return
      ;;
    --server | --session | --se-id | --psk-identity | --patience | --seed | --key | --stop-after | --limit | --older-than | --version | --reason | --canary | --active-from | --expires) return ;;
    --domain) _cardwright_reply isd && return ;;
    --set)
      _cardwright_set
      return
      ;;
  esac
  case $cur in
    -*)
      _cardwright_reply "$options"
      return
      ;;
  esac
  case $command in
    runs | store | audit | budget | outbox | policy | bundle | owner | keys | ca | sei)
      if [ "${#line[@]}" -eq 3 ]; then
        case $command in
          runs) _cardwright_reply list show stop resume replay export import --help ;;
          store) _cardwright_reply check migrate export import forget --help ;;
          audit) _cardwright_reply list verify prove verify-proof root --help ;;
          budget) _cardwright_reply list reset --help ;;
          outbox) _cardwright_reply list deliver retry --help ;;
          keys) _cardwright_reply init list show generate component import export update archive revoke destroy backup restore --help ;;
          ca) _cardwright_reply init issue renew revoke crl list show serve --help ;;
          sei) _cardwright_reply state allow --cards --check --demo --help ;;
          bundle) _cardwright_reply build sign verify load list show diff shadow use rollback discard --help ;;
          owner) _cardwright_reply add list show register review approve update suspend resume deregister consent --help ;;
          policy) _cardwright_reply list show load use rollback discard proposals approve reject check diff explain shadow --help ;;
        esac
        return
      fi
      ;;
  esac
  if [ "$command ${line[2]} ${#line[@]}" = 'owner consent 4' ]; then
    _cardwright_reply list give refuse --help
    return
  fi
  case $command in
    flow | cap | card)
      if [ "${#line[@]}" -eq 3 ]; then
        if [ "$command" = card ]; then _cardwright_reply info serve --help; else _cardwright_reply info --help; fi
        return
      fi
      ;;
  esac
  case $command in
    run | batch | check | flow)
      _cardwright_reply "$(cardwright flows 2>/dev/null | sed -n 's/^\([a-z][^ ]*\/[^ ]*\) .*/\1/p')"
      _cardwright_files "$cur" '!*.lua'
      ;;
    keys)
      case ${line[2]} in backup | restore) _cardwright_files "$cur" ;; esac
      ;;
    policy)
      case ${line[2]} in check | load | diff | explain | shadow) _cardwright_files "$cur" '!*.lua' ;; esac
      ;;
    bundle)
      case ${line[2]} in build | sign | verify | load | diff) _cardwright_files "$cur" '!*.bundle' ;; esac
      ;;
    runs)
      case ${line[2]} in
        show | stop | resume | replay) _cardwright_runs ;;
        export) if [ "${#line[@]}" -eq 4 ]; then _cardwright_runs; else _cardwright_files "$cur"; fi ;;
        import) _cardwright_files "$cur" ;;
      esac
      ;;
    cap | store | audit) _cardwright_files "$cur" ;;
  esac
}

complete -F _cardwright cardwright
