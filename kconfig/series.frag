# make series-build, on top of tinyconfig: a small kernel, so that each patch of the series can be compiled in minutes.
# It has what CONFIG_CHECKPOINT depends on and what else of the series can be compiled, and leaves most options off that
# Kconfig.frag turns on: our files have to compile without them too.
CONFIG_CHECKPOINT=y
CONFIG_EXPERT=y
CONFIG_64BIT=y
CONFIG_SMP=y
CONFIG_MULTIUSER=y
CONFIG_CGROUPS=y
CONFIG_CGROUP_FREEZER=y
CONFIG_FUTEX=y
CONFIG_EPOLL=y
CONFIG_EVENTFD=y
CONFIG_POSIX_TIMERS=y
CONFIG_BINFMT_ELF=y
CONFIG_PRINTK=y
CONFIG_PROC_FS=y
CONFIG_SYSCTL=y

# Headers for user space, each of which compiles by itself, and the samples.
CONFIG_HEADERS_INSTALL=y
CONFIG_UAPI_HEADER_TEST=y
CONFIG_SAMPLES=y
CONFIG_SAMPLE_CHECKPOINT=y
