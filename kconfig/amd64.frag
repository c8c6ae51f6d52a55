# What an amd64 guest under QEMU needs beyond Kconfig.frag.

CONFIG_KERNEL_GZIP=y

# Serial console of the PC machine.
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y

# Power off through ACPI; interrupts through MSI.
CONFIG_ACPI=y
CONFIG_PCI_MSI=y

# 32-bit programs are checkpointed too, or refused by name.
CONFIG_IA32_EMULATION=y

# Register state that a regset can carry.
CONFIG_X86_MSR=y
CONFIG_X86_CPUID=y
CONFIG_X86_IOPL_IOPERM=y
CONFIG_MODIFY_LDT_SYSCALL=y
CONFIG_X86_USER_SHADOW_STACK=y
CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS=y

# A guest that ticks the same under KVM.
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y
CONFIG_KVM_GUEST=y
CONFIG_RTC_CLASS=y

# Stack traces that can be believed.
CONFIG_UNWINDER_FRAME_POINTER=y
