# The 32-bit program: a staircase of counters in memory and known values in every register, in flat protected mode.
#
# In sweep n every cell must hold n - 1 and its own mark before, and holds n after; between two cells all registers hold
# values made of n for a while and are compared. Only integer instructions: some hosts execute such code by emulation.
#
# Prints "flat N" after each sweep. Ends with 1 lost, 3 doubled, 4 torn, 8 differs.

# Its parameters, and behind them what it keeps in memory.
.equ FIRST, 0x60000
.equ END, 0x60008
.equ STRIDE, 0x60010
.equ SWEEP, 0x60400
.equ CELL, 0x60404
.equ STACK, 0x60408

    mov dword ptr [SWEEP], 0
    mov dword ptr [STACK], esp

sweep:
    inc dword ptr [SWEEP]
    mov eax, dword ptr [FIRST]
    mov dword ptr [CELL], eax

cell:
    mov esi, dword ptr [CELL]
    mov ebp, dword ptr [SWEEP]
    mov eax, dword ptr [esi]
    inc eax
    cmp eax, ebp
    jb lost
    ja doubled
    cmp ebp, 1
    je raise
    dec eax
    xor eax, esi
    imul eax, eax, 0x9e3779b1
    cmp eax, dword ptr [esi + 4]
    jne torn
raise:
    add dword ptr [esi], 1
    mov eax, ebp
    xor eax, esi
    imul eax, eax, 0x9e3779b1
    mov dword ptr [esi + 4], eax

    # Hold known values and flags for a while.
    lea eax, [ebp + 1]
    lea ebx, [ebp + 2]
    lea ecx, [ebp + 3]
    lea edx, [ebp + 4]
    lea edi, [ebp + 5]
    push 0xcd7
    popfd
    .fill 100, 1, 0x90
    pushfd
    cmp dword ptr [esp], 0xcd7
    jne differs
    add esp, 4
    cld
    cmp ebp, dword ptr [SWEEP]
    jne differs
    cmp esi, dword ptr [CELL]
    jne differs
    cmp esp, dword ptr [STACK]
    jne differs
    sub eax, ebp
    sub ebx, ebp
    sub ecx, ebp
    sub edx, ebp
    sub edi, ebp
    cmp eax, 1
    jne differs
    cmp ebx, 2
    jne differs
    cmp ecx, 3
    jne differs
    cmp edx, 4
    jne differs
    cmp edi, 5
    jne differs

    add esi, dword ptr [STRIDE]
    mov dword ptr [CELL], esi
    add esi, 8
    cmp esi, dword ptr [END]
    jbe cell

    mov al, 0x66
    call print_letter
    mov al, 0x6c
    call print_letter
    mov al, 0x61
    call print_letter
    mov al, 0x74
    call print_letter
    mov al, 0x20
    call print_letter
    mov eax, dword ptr [SWEEP]
    mov ebx, 10
    push 0
number_next:
    xor edx, edx
    div ebx
    add dl, 0x30
    push edx
    test eax, eax
    jnz number_next
number_show:
    pop eax
    test al, al
    jz number_done
    call print_letter
    jmp number_show
number_done:
    mov al, 10
    call print_letter
    jmp sweep

# Print the letter in al. Changes dx.
print_letter:
    mov dx, 0x3f8
    out dx, al
    ret

lost:
    mov eax, 1
    jmp power_off
doubled:
    mov eax, 3
    jmp power_off
torn:
    mov eax, 4
    jmp power_off
differs:
    cld
    mov eax, 8
power_off:
    mov dx, 0x604
    out dx, eax
    jmp power_off
