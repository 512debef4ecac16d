# SPDX-License-Identifier: Apache-2.0
# bash completion for reachd

_reachd() {
	local cur prev words cword
	_init_completion 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	}
	local common='--config --store --format --colour --vantage --quiet --verbose --help'
	local verbs='scan run reload check probe trace diff status incidents history baseline silence notify store rules help'

	case $prev in
	-c | --config | --store)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W 'text jsonl csv junit tap html' -- "$cur")
		return
		;;
	--log-format)
		mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
		return
		;;
	--colour)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
		return
		;;
	esac
	if [ "$cword" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$cur")
		return
	fi
	case ${words[1]} in
	scan) common="$common --ask --fail-on-change --no-store --notify --notify-for" ;;
	run) common="$common --log-format" ;;
	check) common="$common --flows" ;;
	probe) common="$common tcp/ dns dns/PTR dns/SRV: sweep/ rpc rpc/licensing rdp smb ldap" ;;
	trace) common="$common --open-port --within tcp/ sweep/ rpc rpc/licensing rdp smb ldap" ;;
	diff) common="$common last previous" ;;
	baseline) common="$common save list rm --replace" ;;
	notify) common="$common list test" ;;
	silence) common="$common list end host= group= rule= check= vantage= --for --why --all" ;;
	store) common="$common check compact backup" ;;
	rules) common="$common rds" ;;
	help) common=$verbs ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
}
complete -o default -F _reachd reachd
