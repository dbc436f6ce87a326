# Write a self-checking pattern over all of memory, sweep after sweep, and notice a lost, doubled or stale write.
#
# A cell lies every STRIDE bytes: its counter, and a check word made of the counter and its address. In sweep n a counter
# must be n - 1 when it is reached, and is n afterwards: a staircase, whose step is known to registers alone. So memory
# that is older than the registers, or newer, shows; and so does a piece of memory that is at the wrong address.
# The counter is raised in memory by one instruction, which shows when it is executed twice.
#
# Prints "memory N" after each sweep. Ends with 1 lost, 2 stale, 3 doubled, 4 torn.

start:
    mov r15, 0x9e3779b97f4a7c15
    xor r13d, r13d

sweep:
    inc r13
    mov r12, qword ptr [rbp + FIRST]
    mov r14, qword ptr [rbp + END]
    sub r14, 16
cell:
    mov rax, qword ptr [r12]
    inc rax
    cmp rax, r13
    jb behind
    ja doubled
    # In the first sweep memory is as it was given: zero.
    cmp r13, 1
    je raise
    dec rax
    xor rax, r12
    imul rax, r15
    cmp rax, qword ptr [r12 + 8]
    jne torn
raise:
    add qword ptr [r12], 1
    mov rax, r13
    xor rax, r12
    imul rax, r15
    mov qword ptr [r12 + 8], rax
    # In the first 8 KiB of every 2 MiB, look at a device: it shows from outside how far the guest is.
    test r12d, 0x1fe000
    jnz onward
    mov dx, 0x4e4
    in eax, dx
onward:
    add r12, qword ptr [rbp + STRIDE]
    cmp r12, r14
    jbe cell

    call print
    .asciz "memory "
    mov rax, r13
    mov ecx, 1
    call print_number
    mov al, 10
    call print_letter
    jmp sweep

behind:
    inc rax
    cmp rax, r13
    jne stale
    mov r8d, 1
    call print
    .asciz "a lost write at "
    jmp found
stale:
    mov r8d, 2
    call print
    .asciz "a stale cell at "
    jmp found
doubled:
    mov r8d, 3
    call print
    .asciz "a doubled write at "
    jmp found
torn:
    mov r8d, 4
    call print
    .asciz "a torn cell at "
found:
    mov rax, r12
    call print_hexadecimal
    call print
    .asciz " in sweep "
    mov rax, r13
    mov ecx, 1
    call print_number
    mov al, 10
    call print_letter
    mov eax, r8d
    call power_off
