# Hold a known value in every register while nothing else happens, and notice one that is lost, mixed up or stale.
#
# In step n an image of the register file is made from n in memory, loaded, held for the time of two thousand instructions
# that change nothing, stored again, and compared word by word. So a register that comes back from another time, or not
# at all, differs from memory. Words of the image: 0-14 general registers, 15 stack pointer, 16 flags, 17 MXCSR,
# 18 x87 control, 19 x87 status, 20-25 selectors, 26-27 what FS and GS point at, 28-35 x87 stack, 36-67 SSE,
# 68 x87 tags.
#
# Prints "cpu N" after each TERMS steps. Ends with 8 differs.

.equ WANT, 0x100000
.equ SEEN, 0x101000
.equ STEP, 0x102000
.equ EVERY, 0x102008
.equ ENVIRONMENT, 0x102100
.equ WORDS, 69

start:
    mov rax, qword ptr [rbp + TERMS]
    mov qword ptr [EVERY], rax
    mov qword ptr [STEP], 0

step:
    # The image: word i is (128 n + i) times an odd number; then what cannot have any value is given what it can have.
    inc qword ptr [STEP]
    mov r8, qword ptr [STEP]
    shl r8, 7
    mov r9, 0x9e3779b97f4a7c15
    mov edi, WANT
    mov ecx, WORDS
    cld
image:
    mov rax, r8
    imul rax, r9
    stosq
    inc r8
    dec ecx
    jnz image
    mov qword ptr [WANT + 120], rsp
    # Flags: carry, parity, adjust, zero, sign, direction, overflow, identification; interrupts stay on.
    and qword ptr [WANT + 128], 0x200cd5
    or qword ptr [WANT + 128], 0x202
    # Rounding of SSE and of x87, all exceptions masked, full precision.
    and qword ptr [WANT + 136], 0x6000
    or qword ptr [WANT + 136], 0x1f80
    and qword ptr [WANT + 144], 0xc00
    or qword ptr [WANT + 144], 0x37f
    mov qword ptr [WANT + 152], 0
    mov qword ptr [WANT + 160], 0x33
    mov qword ptr [WANT + 168], 0
    mov qword ptr [WANT + 176], 0
    mov qword ptr [WANT + 184], 0
    mov qword ptr [WANT + 192], 0
    mov qword ptr [WANT + 200], 0x2b
    mov rax, 0x5ea15ea10f50f50f
    mov qword ptr [WANT + 208], rax
    mov rax, 0x5ea15ea106506506
    mov qword ptr [WANT + 216], rax

    # Load it.
    fninit
    fild qword ptr [WANT + 280]
    fild qword ptr [WANT + 272]
    fild qword ptr [WANT + 264]
    fild qword ptr [WANT + 256]
    fild qword ptr [WANT + 248]
    fild qword ptr [WANT + 240]
    fild qword ptr [WANT + 232]
    fild qword ptr [WANT + 224]
    # Every register of the x87 is in use, and no value is zero or special: all tags are 0.
    mov qword ptr [WANT + 544], 0
    fldcw word ptr [WANT + 144]
    # Let the status word have a condition that depends on the step.
    ftst
    fnstsw word ptr [WANT + 152]
    ldmxcsr dword ptr [WANT + 136]
    movdqu xmm0, xmmword ptr [WANT + 288]
    movdqu xmm1, xmmword ptr [WANT + 304]
    movdqu xmm2, xmmword ptr [WANT + 320]
    movdqu xmm3, xmmword ptr [WANT + 336]
    movdqu xmm4, xmmword ptr [WANT + 352]
    movdqu xmm5, xmmword ptr [WANT + 368]
    movdqu xmm6, xmmword ptr [WANT + 384]
    movdqu xmm7, xmmword ptr [WANT + 400]
    movdqu xmm8, xmmword ptr [WANT + 416]
    movdqu xmm9, xmmword ptr [WANT + 432]
    movdqu xmm10, xmmword ptr [WANT + 448]
    movdqu xmm11, xmmword ptr [WANT + 464]
    movdqu xmm12, xmmword ptr [WANT + 480]
    movdqu xmm13, xmmword ptr [WANT + 496]
    movdqu xmm14, xmmword ptr [WANT + 512]
    movdqu xmm15, xmmword ptr [WANT + 528]
    push qword ptr [WANT + 128]
    mov rax, qword ptr [WANT + 0]
    mov rbx, qword ptr [WANT + 8]
    mov rcx, qword ptr [WANT + 16]
    mov rdx, qword ptr [WANT + 24]
    mov rsi, qword ptr [WANT + 32]
    mov rdi, qword ptr [WANT + 40]
    mov rbp, qword ptr [WANT + 48]
    mov r8, qword ptr [WANT + 56]
    mov r9, qword ptr [WANT + 64]
    mov r10, qword ptr [WANT + 72]
    mov r11, qword ptr [WANT + 80]
    mov r12, qword ptr [WANT + 88]
    mov r13, qword ptr [WANT + 96]
    mov r14, qword ptr [WANT + 104]
    mov r15, qword ptr [WANT + 112]
    popfq

    # Hold it.
    .fill 2000, 1, 0x90

    # Store it; no instruction here changes what is stored later.
    mov qword ptr [SEEN + 0], rax
    mov qword ptr [SEEN + 8], rbx
    mov qword ptr [SEEN + 16], rcx
    mov qword ptr [SEEN + 24], rdx
    mov qword ptr [SEEN + 32], rsi
    mov qword ptr [SEEN + 40], rdi
    mov qword ptr [SEEN + 48], rbp
    mov qword ptr [SEEN + 56], r8
    mov qword ptr [SEEN + 64], r9
    mov qword ptr [SEEN + 72], r10
    mov qword ptr [SEEN + 80], r11
    mov qword ptr [SEEN + 88], r12
    mov qword ptr [SEEN + 96], r13
    mov qword ptr [SEEN + 104], r14
    mov qword ptr [SEEN + 112], r15
    mov qword ptr [SEEN + 120], rsp
    pushfq
    pop qword ptr [SEEN + 128]
    cld
    xor eax, eax
    mov edi, SEEN + 136
    mov ecx, 9
    rep stosq
    stmxcsr dword ptr [SEEN + 136]
    fnstcw word ptr [SEEN + 144]
    fnstsw word ptr [SEEN + 152]
    fnstenv [ENVIRONMENT]
    movzx eax, word ptr [ENVIRONMENT + 8]
    mov qword ptr [SEEN + 544], rax
    fldcw word ptr [WANT + 144]
    mov word ptr [SEEN + 160], cs
    mov word ptr [SEEN + 168], ds
    mov word ptr [SEEN + 176], es
    mov word ptr [SEEN + 184], fs
    mov word ptr [SEEN + 192], gs
    mov word ptr [SEEN + 200], ss
    mov rax, qword ptr fs:[0]
    mov qword ptr [SEEN + 208], rax
    mov rax, qword ptr gs:[0]
    mov qword ptr [SEEN + 216], rax
    fistp qword ptr [SEEN + 224]
    fistp qword ptr [SEEN + 232]
    fistp qword ptr [SEEN + 240]
    fistp qword ptr [SEEN + 248]
    fistp qword ptr [SEEN + 256]
    fistp qword ptr [SEEN + 264]
    fistp qword ptr [SEEN + 272]
    fistp qword ptr [SEEN + 280]
    movdqu xmmword ptr [SEEN + 288], xmm0
    movdqu xmmword ptr [SEEN + 304], xmm1
    movdqu xmmword ptr [SEEN + 320], xmm2
    movdqu xmmword ptr [SEEN + 336], xmm3
    movdqu xmmword ptr [SEEN + 352], xmm4
    movdqu xmmword ptr [SEEN + 368], xmm5
    movdqu xmmword ptr [SEEN + 384], xmm6
    movdqu xmmword ptr [SEEN + 400], xmm7
    movdqu xmmword ptr [SEEN + 416], xmm8
    movdqu xmmword ptr [SEEN + 432], xmm9
    movdqu xmmword ptr [SEEN + 448], xmm10
    movdqu xmmword ptr [SEEN + 464], xmm11
    movdqu xmmword ptr [SEEN + 480], xmm12
    movdqu xmmword ptr [SEEN + 496], xmm13
    movdqu xmmword ptr [SEEN + 512], xmm14
    movdqu xmmword ptr [SEEN + 528], xmm15

    # Compare it.
    xor r8d, r8d
compare:
    mov rax, qword ptr [WANT + r8*8]
    cmp rax, qword ptr [SEEN + r8*8]
    jne differs
    inc r8d
    cmp r8d, WORDS
    jb compare

    mov rax, qword ptr [STEP]
    xor edx, edx
    div qword ptr [EVERY]
    test rdx, rdx
    jnz step
    call print
    .asciz "cpu "
    mov rax, qword ptr [STEP]
    mov ecx, 1
    call print_number
    mov al, 10
    call print_letter
    jmp step

differs:
    call print
    .asciz "the state of the processor differs in word "
    mov eax, r8d
    mov ecx, 1
    call print_number
    call print
    .asciz ": "
    mov rax, qword ptr [SEEN + r8*8]
    call print_hexadecimal
    call print
    .asciz ", not "
    mov rax, qword ptr [WANT + r8*8]
    call print_hexadecimal
    mov al, 10
    call print_letter
    mov eax, 8
    call power_off
