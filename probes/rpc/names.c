/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/rpc/names.h"

#include <string.h>

#include "probes/rpc/epm.h"

#define SYNTAX(a, b, c, d, e, major_version, minor_version)                    \
	{                                                                      \
		.uuid = UUID_LITERAL(a, b, c, d, e), .major = (major_version), \
		.minor = (minor_version)                                       \
	}

/*
 * The document that assigns UUID and version stands behind each. Ports are given for
 * what the endpoint mapper's own process serves.
 */
const struct rpc_name rpc_names[] = {
	{"atsvc", /* [MS-TSCH] 1.9 */
		SYNTAX(0x1ff70682, 0x0a51, 0x30e8, 0x076d, 0x740be8cee98b, 1, 0),
		.what = "Task Scheduler, at jobs"},
	{"backupkey", /* [MS-BKRP] 1.9 */
		SYNTAX(0x3dde7c30, 0x165d, 0x11d1, 0xab8f, 0x00805f14db40, 1, 0),
		.what = "BackupKey"},
	{"dfs", /* [MS-DFSNM] appendix A: netdfs */
		SYNTAX(0x4fc742e0, 0x4a10, 0x11cf, 0x8273, 0x00aa004ae673, 3, 0),
		.what = "Distributed File System namespaces"},
	{"dfs-replication", /* [MS-FRS2] 1.9 */
		SYNTAX(0x897e2e5f, 0x93f3, 0x4376, 0x9c9c, 0xfd2277495c27, 1, 0),
		.what = "Distributed File System replication"},
	{"dhcp-server", /* [MS-DHCPM] 1.9: dhcpsrv */
		SYNTAX(0x6bffd098, 0xa112, 0x3610, 0x9833, 0x46c3f874532d, 1, 0),
		.what = "DHCP server management"},
	{"dns-server", /* [MS-DNSP] 1.9 */
		SYNTAX(0x50abc2a4, 0x574d, 0x40b3, 0x9d66, 0xee4fd5fba076, 5, 0),
		.what = "DNS server management"},
	{"drsuapi", /* [MS-DRSR] 1.9 */
		SYNTAX(0xe3514235, 0x4b06, 0x11d1, 0xab04, 0x00c04fc2dcd2, 4, 0),
		.what = "Directory replication"},
	{"dssetup", /* [MS-DSSP] 1.9 */
		SYNTAX(0x3919286a, 0xb10c, 0x11d0, 0x9ba8, 0x00c04fd92ef5, 0, 0),
		.what = "Directory Services setup"},
	{"epm", /* C706, appendix O; [MS-RPCE] 2.2.1.2 */
		SYNTAX(0xe1af8308, 0x5d1f, 0x11c9, 0x91a4, 0x08002b14a0fa, 3, 0),
		.what = "RPC endpoint mapper", .port = EPM_PORT},
	{"eventlog", /* [MS-EVEN6] 1.9 */
		SYNTAX(0xf6beaff7, 0x1e19, 0x4fbb, 0x9f8f, 0xb89e2018337c, 1, 0),
		.what = "Event log"},
	{"eventlog-classic", /* [MS-EVEN] 1.9 */
		SYNTAX(0x82273fdc, 0xe32a, 0x18c3, 0x3f78, 0x827929dc23ea, 0, 0),
		.what = "Event log, as before Windows Vista"},
	/*
	 * Microsoft has no document that assigns it ([MS-RDPELE] 1.3.1 only says that
	 * RPC is used); public tables of lserver.dll's interfaces agree on it.
	 */
	{"licensing", SYNTAX(0x3d267954, 0xeeb7, 0x11d1, 0xb94e, 0x00c04fa3080d, 1, 0),
		.what = "Remote Desktop Licensing"},
	{"lsarpc", /* [MS-LSAD] 1.9 */
		SYNTAX(0x12345778, 0x1234, 0xabcd, 0xef00, 0x0123456789ab, 0, 0),
		.what = "Local Security Authority"},
	{"mgmt", /* C706, appendix Q: every RPC server has it, on all of its endpoints
		  */
		SYNTAX(0xafa8bd80, 0x7d8a, 0x11c9, 0xbef4, 0x08002b102989, 1, 0),
		.what = "Remote management of RPC servers", .port = EPM_PORT},
	{"netlogon", /* [MS-NRPC] 1.9 */
		SYNTAX(0x12345678, 0x1234, 0xabcd, 0xef00, 0x01234567cffb, 1, 0),
		.what = "Netlogon"},
	{"object-exporter", /* [MS-DCOM] 1.9 and appendix A: IObjectExporter */
		SYNTAX(0x99fcfec4, 0x5260, 0x101b, 0xbbcb, 0x00aa0021347a, 0, 0),
		.what = "DCOM object exporter", .port = EPM_PORT, .has_alive = true},
	{"remote-activation", /* [MS-DCOM] 1.9 and appendix A: IActivation */
		SYNTAX(0x4d9f4ab8, 0x7d1c, 0x11cf, 0x861e, 0x0020af6e7c57, 0, 0),
		.what = "DCOM remote activation", .port = EPM_PORT},
	{"remote-activator", /* [MS-DCOM] 1.9 and appendix A: IRemoteSCMActivator */
		SYNTAX(0x000001a0, 0x0000, 0x0000, 0xc000, 0x000000000046, 0, 0),
		.what = "DCOM remote activator", .port = EPM_PORT},
	{"samr", /* [MS-SAMR] 1.9 */
		SYNTAX(0x12345778, 0x1234, 0xabcd, 0xef00, 0x0123456789ac, 1, 0),
		.what = "Security Account Manager"},
	{"service-control", /* [MS-SCMR] 1.9 and appendix A: svcctl */
		SYNTAX(0x367abb81, 0x9844, 0x35f1, 0xad32, 0x98f038001003, 2, 0),
		.what = "Service control manager"},
	{"spoolss", /* [MS-RPRN] 1.9 */
		SYNTAX(0x12345678, 0x1234, 0xabcd, 0xef00, 0x0123456789ab, 1, 0),
		.what = "Print spooler"},
	{"srvsvc", /* [MS-SRVS] 1.9 */
		SYNTAX(0x4b324fc8, 0x1670, 0x01d3, 0x1278, 0x5a47bf6ee188, 3, 0),
		.what = "Server service"},
	{"task-scheduler", /* [MS-TSCH] 1.9: ITaskSchedulerService */
		SYNTAX(0x86d35949, 0x83c9, 0x4044, 0xb424, 0xdb363231fd0c, 1, 0),
		.what = "Task Scheduler"},
	/* [MS-TSTS] 1.9 and appendix A: the eight of Remote Desktop Services */
	{"ts-enumeration", /* TermSrvEnumeration */
		SYNTAX(0x88143fd0, 0xc28d, 0x4b2b, 0x8fef, 0x8d882f6a9390, 1, 0),
		.what = "Remote Desktop sessions, enumeration"},
	{"ts-environment", /* SessEnvPublicRpc */
		SYNTAX(0x1257b580, 0xce2f, 0x4109, 0x82d6, 0xa9459d0bf6bc, 1, 0),
		.what = "Remote Desktop session environment, shadowing"},
	{"ts-legacy", /* IcaApi */
		SYNTAX(0x5ca4a760, 0xebb1, 0x11cf, 0x8611, 0x00a0245420ed, 1, 0),
		.what = "Terminal Services, legacy calls"},
	{"ts-listener", /* RCMListener */
		SYNTAX(0x497d95a6, 0x2d27, 0x4bf5, 0x9bbd, 0xa6046957133c, 1, 0),
		.what = "Remote Desktop listeners"},
	{"ts-notification", /* TermSrvNotification */
		SYNTAX(0x11899a43, 0x2b68, 0x4a76, 0x92e3, 0xa3d6ad8c26ce, 1, 0),
		.what = "Remote Desktop sessions, notification"},
	{"ts-rcm", /* RCMPublic */
		SYNTAX(0xbde95fdf, 0xeee0, 0x45de, 0x9e12, 0xe5a61cd0d4fe, 1, 0),
		.what = "Remote Desktop connection manager"},
	{"ts-session", /* TermSrvSession */
		SYNTAX(0x484809d6, 0x4239, 0x471b, 0xb5bc, 0x61df8c23ac48, 1, 0),
		.what = "Remote Desktop sessions"},
	{"ts-virtual-ip", /* TSVIPPublic */
		SYNTAX(0x53b46b02, 0xc73b, 0x4a3e, 0x8dee, 0xb16b80672fc0, 1, 0),
		.what = "Remote Desktop virtual addresses"},
	{"winreg", /* [MS-RRP] 1.9 */
		SYNTAX(0x338cd001, 0x2244, 0x31f1, 0xaaaa, 0x900038001003, 1, 0),
		.what = "Remote registry"},
	{"wkssvc", /* [MS-WKST] 1.9 */
		SYNTAX(0x6bffd098, 0xa112, 0x3610, 0x9833, 0x46c3f87e345a, 1, 0),
		.what = "Workstation service"},
	{.name = NULL},
};

static bool find_built_in(const char *name, struct rpc_name *out)
{
	for (const struct rpc_name *known = rpc_names; known->name; known++) {
		if (strcmp(known->name, name) != 0)
			continue;
		*out = *known;
		return true;
	}
	return false;
}

bool rpc_name_find(const char *name, const struct probe_vocabulary *vocabulary,
	struct rpc_name *out)
{
	if (find_built_in(name, out))
		return true;
	for (size_t i = 0; vocabulary && i < vocabulary->n_interfaces; i++) {
		const struct probe_interface *given = &vocabulary->interfaces[i];
		if (strcmp(given->name, name) != 0)
			continue;
		*out = (struct rpc_name){.name = given->name,
			.syntax = given->syntax,
			.what = given->name};
		return true;
	}
	return false;
}

const struct rpc_name *rpc_name_of(const struct uuid *uuid)
{
	for (const struct rpc_name *known = rpc_names; known->name; known++)
		if (uuid_equal(&known->syntax.uuid, uuid))
			return known;
	return NULL;
}
