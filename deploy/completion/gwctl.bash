# SPDX-License-Identifier: Apache-2.0
# bash completion for gwctl; copy to /usr/share/bash-completion/completions/gwctl
_gwctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in get | describe | status | dump-maps) verb=$word; break ;; esac
  done
  case $previous in
    -o | --output)
      case $verb in
        get) COMPREPLY=($(compgen -W 'table wide yaml json' -- "$current")) ;;
        *) COMPREPLY=($(compgen -W 'table json' -- "$current")) ;;
      esac
      return ;;
    --admin | --pin-dir) COMPREPLY=($(compgen -f -- "$current")); return ;;
    get | describe)
      COMPREPLY=($(compgen -W 'gatewayclasses gateways tcproutes udproutes referencegrants services endpointslices namespaces all' -- "$current"))
      return ;;
    dump-maps)
      COMPREPLY=($(compgen -W 'listeners services maglev backends flows sockets control links counters names' -- "$current"))
      return ;;
  esac
  case $verb in
    '') COMPREPLY=($(compgen -W 'get describe status dump-maps --pin-dir --admin --help --version' -- "$current")) ;;
    get) COMPREPLY=($(compgen -W '-n --namespace -A --all-namespaces -o --output' -- "$current")) ;;
    describe) COMPREPLY=($(compgen -W '-n --namespace' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-o --output' -- "$current")) ;;
  esac
}
complete -F _gwctl gwctl
