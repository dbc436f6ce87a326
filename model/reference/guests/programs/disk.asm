# Write sector after sector, read each back, and notice a request that is lost, served twice, or served wrongly.
#
# Request n writes a sector full of words made of n and their place; it is read back at once, and the sector before is
# read again, to see that it was not lost since. The disk counts the requests that it has completed; the guest knows how
# many it has made.
#
# Prints "disk N" after each TERMS sectors. Ends with 5 failed, 6 lost or doubled, 7 wrong contents.

.equ COMMAND, 0
.equ AT_SECTOR, 4
.equ COUNT, 8
.equ ADDRESS, 12
.equ ADDRESS_HIGH, 16
.equ COMPLETED, 20
.equ SECTORS, 24
.equ READ, 1
.equ WRITE, 2

start:
    mov rbx, 0x1000000000
    mov r15, 0x9e3779b97f4a7c15
    mov r12, qword ptr [rbp + FIRST]
    xor r13d, r13d
    # r14d: requests made
    mov r14d, dword ptr [rbx + COMPLETED]

next:
    inc r13
    mov r8, r13
    call fill
    mov ecx, WRITE
    call request
    call clear
    mov ecx, READ
    call request
    call compare
    cmp r13, 1
    je shown
    lea r8, [r13 - 1]
    call clear
    mov ecx, READ
    call request
    call compare

shown:
    mov rax, r13
    xor edx, edx
    div qword ptr [rbp + TERMS]
    test rdx, rdx
    jnz next
    push rbx
    call print
    .asciz "disk "
    mov rax, r13
    mov ecx, 1
    call print_number
    mov al, 10
    call print_letter
    pop rbx
    jmp next

# Fill the buffer with the words of number r8.
fill:
    xor ecx, ecx
fill_next:
    mov rax, r8
    shl rax, 8
    or rax, rcx
    imul rax, r15
    mov qword ptr [r12 + rcx*8], rax
    inc ecx
    cmp ecx, 64
    jb fill_next
    ret

# Fill the buffer with zeros, so that a read that does not happen shows.
clear:
    mov rdi, r12
    mov ecx, 64
    xor eax, eax
    rep stosq
    ret

# Compare the buffer with the words of number r8.
compare:
    xor ecx, ecx
compare_next:
    mov rax, r8
    shl rax, 8
    or rax, rcx
    imul rax, r15
    cmp qword ptr [r12 + rcx*8], rax
    jne wrong
    inc ecx
    cmp ecx, 64
    jb compare_next
    ret

# Make the request in ecx for the sector of number r8, and wait until it is served.
request:
    mov rax, r8
    xor edx, edx
    mov r9d, dword ptr [rbx + SECTORS]
    div r9
    mov dword ptr [rbx + AT_SECTOR], edx
    mov dword ptr [rbx + COUNT], 1
    mov dword ptr [rbx + ADDRESS], r12d
    mov rax, r12
    shr rax, 32
    mov dword ptr [rbx + ADDRESS_HIGH], eax
    mov dword ptr [rbx + COMMAND], ecx
    inc r14d
served:
    mov eax, dword ptr [rbx + COMMAND]
    cmp eax, 1
    je served
    cmp eax, 2
    jne failed
    mov eax, dword ptr [rbx + COMPLETED]
    cmp eax, r14d
    jne miscounted
    ret

failed:
    call print
    .asciz "a failed request, number "
    mov r8d, 5
    jmp found
miscounted:
    call print
    .asciz "a lost or doubled request, number "
    mov r8d, 6
    jmp found
wrong:
    call print
    .asciz "wrong contents, request "
    mov r8d, 7
found:
    mov rax, r14
    mov ecx, 1
    call print_number
    mov al, 10
    call print_letter
    mov eax, r8d
    call power_off
