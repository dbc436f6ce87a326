# Compute the digits of e, one by one, and print them fifty to a line: 2.7182818284...
#
# The spigot of Sale (Computer Journal 11, 1968): in the mixed base 1/2, 1/3, 1/4, ... every digit of e - 2 is 1.
# To multiply that number by ten, from its last digit to its first, gives its next decimal digit. All of the number lies
# in memory and passes through registers, so a write that is lost or made twice spoils every later digit.
#
# TERMS says how many digits there are in the mixed base; with n of them log10(n!) decimal digits are right.
# PACE says how many microseconds of its own time the guest waits between two digits.

start:
    mov r12, qword ptr [rbp + FIRST]
    mov r13, qword ptr [rbp + TERMS]
    mov eax, dword ptr [rbp + PACE]
    mov dx, 0x4e0
    out dx, eax

again:
    # Entry i of the mixed base is at r12 + 8 i.
    lea rdi, [r12 + 16]
    lea rcx, [r13 - 1]
    mov eax, 1
    cld
    rep stosq
    call print
    .asciz "e = 2.\n"
    xor r14d, r14d

digit:
    cmp dword ptr [rbp + PACE], 0
    je compute
wait:
    mov dx, 0x4e8
    in eax, dx
    test eax, eax
    jz wait

compute:
    mov rcx, r13
    xor r9d, r9d
entry:
    mov rax, qword ptr [r12 + rcx*8]
    lea rax, [rax + rax*4]
    lea rax, [r9 + rax*2]
    xor edx, edx
    div rcx
    mov qword ptr [r12 + rcx*8], rdx
    mov r9, rax
    dec rcx
    cmp rcx, 1
    ja entry

    # At the start of a line, say how many digits there are before it.
    mov rax, r14
    xor edx, edx
    mov ecx, 50
    div rcx
    test edx, edx
    jnz show
    mov rax, r14
    mov ecx, 6
    call print_number
    mov al, 0x20
    call print_letter
    mov al, 0x20
    call print_letter
show:
    lea rax, [r9 + 0x30]
    call print_letter
    inc r14
    mov rax, r14
    xor edx, edx
    mov ecx, 50
    div rcx
    test edx, edx
    jnz next
    mov al, 10
    call print_letter
next:
    # Two digits for each term are never all right; one for each is, from 26 terms on.
    cmp r14, r13
    jb digit
    jmp again
