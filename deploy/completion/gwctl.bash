# SPDX-License-Identifier: Apache-2.0
# bash completion for gwctl; copy to /usr/share/bash-completion/completions/gwctl
_gwctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in get | describe | status | analyze | plan | diff | convert | dump-maps) verb=$word; break ;; esac
  done
  case $previous in
    -o | --output)
      case $verb in
        get) COMPREPLY=($(compgen -W 'table wide yaml json' -- "$current")) ;;
        convert) COMPREPLY=($(compgen -W 'yaml json' -- "$current")) ;;
        *) COMPREPLY=($(compgen -W 'table json' -- "$current")) ;;
      esac
      return ;;
    --admin | --pin-dir | --state | -f | --filename) COMPREPLY=($(compgen -f -- "$current")); return ;;
    get | describe)
      COMPREPLY=($(compgen -W 'gatewayclasses gateways listenersets httproutes grpcroutes tlsroutes tcproutes udproutes referencegrants backendtlspolicies backendpolicies upstreampolicies clientpolicies gatewayclassconfigs services endpointslices secrets configmaps namespaces all' -- "$current"))
      return ;;
    dump-maps)
      COMPREPLY=($(compgen -W 'listeners services maglev backends flows sockets control links counters names' -- "$current"))
      return ;;
  esac
  case $verb in
    '') COMPREPLY=($(compgen -W 'get describe status analyze plan diff convert dump-maps --pin-dir --admin --help --version' -- "$current")) ;;
    get) COMPREPLY=($(compgen -W '-n --namespace -A --all-namespaces -o --output' -- "$current")) ;;
    analyze | plan | diff) COMPREPLY=($(compgen -W '-f --filename --delete --state -o --output' -- "$current")) ;;
    convert) COMPREPLY=($(compgen -W '-f --filename -o --output' -- "$current")) ;;
    describe) COMPREPLY=($(compgen -W '-n --namespace' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W '-o --output' -- "$current")) ;;
  esac
}
complete -F _gwctl gwctl
