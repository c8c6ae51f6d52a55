# make series-build, on top of the plain configuration: what else of the series can be compiled.
CONFIG_SAMPLES=y
CONFIG_SAMPLE_CHECKPOINT=y
CONFIG_HEADERS_INSTALL=y
# Each header for user space compiles by itself.
CONFIG_UAPI_HEADER_TEST=y
