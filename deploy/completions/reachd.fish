# SPDX-License-Identifier: Apache-2.0
# fish completion for reachd

set -l verbs scan run check probe trace diff status history baseline silence notify rules help

complete -c reachd -f
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a scan -d 'Probe every flow once, store it, and tell what changed'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a run -d 'Scan by schedule, for ever'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a check -d 'Validate the configuration and say what a scan will do'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a probe -d 'Ask one question of one host, and watch'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a trace -d 'Find the hop behind which packets get lost'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a diff -d 'Tell what changed between two scans'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a status -d 'Show every flow as the last scan left it'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a history -d 'Show one flow over time'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a baseline -d 'Name a scan, to compare with later'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a notify -d 'Show who is told of changes, or test it'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a silence -d 'Record as ever, but do not tell, for a while'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a rules -d 'Print a built-in rule set'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -a help -d 'Explain a command'
complete -c reachd -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Print the version'

complete -c reachd -s c -l config -r -F -d 'The configuration'
complete -c reachd -l store -r -F -d 'The database'
complete -c reachd -l format -x -a 'text jsonl csv junit tap html' -d 'How to print'
complete -c reachd -l colour -x -a 'auto always never' -d 'When to colour'
complete -c reachd -l vantage -x -d 'Instead of the configuration'
complete -c reachd -s q -l quiet -d 'No progress, no notices'
complete -c reachd -s v -l verbose -d 'Say more'
complete -c reachd -s h -l help -d 'Explain the command'
complete -c reachd -n '__fish_seen_subcommand_from scan' -l fail-on-change -d 'A change is a failure too'
complete -c reachd -n '__fish_seen_subcommand_from scan' -l no-store -d 'Store nothing'
complete -c reachd -n '__fish_seen_subcommand_from scan' -l notify -d 'Tell the sinks'
complete -c reachd -n '__fish_seen_subcommand_from scan' -l notify-for -x -d 'At most so long'
complete -c reachd -n '__fish_seen_subcommand_from run' -l log-format -x -a 'text json' -d 'How to log'
complete -c reachd -n '__fish_seen_subcommand_from check' -l flows -d 'List every flow'
complete -c reachd -n '__fish_seen_subcommand_from probe' -a 'tcp/ dns dns/PTR dns/SRV: sweep/ rpc rpc/licensing rdp smb ldap'
complete -c reachd -n '__fish_seen_subcommand_from trace' -a 'tcp/ sweep/ rpc rpc/licensing rdp smb ldap'
complete -c reachd -n '__fish_seen_subcommand_from trace' -l open-port -x -d 'A port of the host that accepts'
complete -c reachd -n '__fish_seen_subcommand_from trace' -l within -x -d 'How long it may take'
complete -c reachd -n '__fish_seen_subcommand_from diff' -a 'last previous'
complete -c reachd -n '__fish_seen_subcommand_from silence' -a 'list end host= group= rule= check= vantage='
complete -c reachd -n '__fish_seen_subcommand_from silence' -l for -x -d 'How long'
complete -c reachd -n '__fish_seen_subcommand_from silence' -l why -x -d 'The reason'
complete -c reachd -n '__fish_seen_subcommand_from silence' -l all -d 'Those that are over, too'
complete -c reachd -n '__fish_seen_subcommand_from baseline' -a 'save list rm'
complete -c reachd -n '__fish_seen_subcommand_from baseline' -l replace -d 'Move an existing name'
complete -c reachd -n '__fish_seen_subcommand_from notify' -a 'list test'
complete -c reachd -n '__fish_seen_subcommand_from rules' -a rds
complete -c reachd -n '__fish_seen_subcommand_from help' -a "$verbs"
