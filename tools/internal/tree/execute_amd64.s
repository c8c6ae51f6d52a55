// SPDX-License-Identifier: GPL-2.0

#include "go_asm.h"
#include "textflag.h"

// func execute(i *instr, failed *uint64)
//
// See execute.go. A system call keeps every register but AX, CX and R11.
TEXT ·execute(SB),NOSPLIT|NOFRAME,$0-16
	MOVQ	i+0(FP), R12
	MOVQ	failed+8(FP), R13

call:
	MOVQ	instr_nr(R12), AX
	MOVQ	(instr_args+0)(R12), DI
	MOVQ	(instr_args+8)(R12), SI
	MOVQ	(instr_args+16)(R12), DX
	MOVQ	(instr_args+24)(R12), R10
	MOVQ	(instr_args+32)(R12), R8
	MOVQ	(instr_args+40)(R12), R9
	SYSCALL
	CMPQ	AX, $-4095
	JCC	error
	MOVQ	instr_kind(R12), BX
	CMPQ	BX, $const_kindFork
	JEQ	forked
	CMPQ	BX, $const_kindExpect
	JNE	next
	CMPQ	AX, instr_arg(R12)
	JNE	end

next:
	ADDQ	$instr__size, R12
	JMP	call

forked:
	TESTQ	AX, AX
	JNE	next
	MOVQ	instr_arg(R12), R12
	JMP	call

error:
	// Only the first failure counts: *failed is 0 until then.
	NEGQ	AX
	MOVQ	instr_tag(R12), R12
	ORQ	AX, R12
	XORL	AX, AX
	LOCK
	CMPXCHGQ	R12, (R13)

end:
	MOVL	$const_exitGroup, AX
	MOVL	$1, DI
	SYSCALL
	JMP	end
