# What the 64-bit programs share. It is put in front of each, so execution begins here.
# A program finds its parameters at [rbp]; it may use every register but rsp between calls.

.equ FIRST, 0
.equ END, 8
.equ STRIDE, 16
.equ PACE, 24
.equ TERMS, 32

    mov rbp, rdi
    jmp start

# Print the text, ended by a zero, that follows the call.
print:
    pop rsi
print_next:
    mov al, byte ptr [rsi]
    inc rsi
    test al, al
    jz print_done
    call print_letter
    jmp print_next
print_done:
    jmp rsi

# Print the letter in al. Changes dx.
print_letter:
    mov dx, 0x3f8
    out dx, al
    ret

# Print rax in decimal, at least ecx digits wide, with spaces in front. Changes rax, rcx, rdx, rbx.
print_number:
    mov rbx, 10
    push 0
number_next:
    xor edx, edx
    div rbx
    add dl, 0x30
    push rdx
    dec ecx
    test rax, rax
    jnz number_next
number_pad:
    test ecx, ecx
    jle number_show
    push 0x20
    dec ecx
    jmp number_pad
number_show:
    pop rax
    test al, al
    jz number_done
    call print_letter
    jmp number_show
number_done:
    ret

# Print rax as sixteen hexadecimal digits. Changes rax, rcx, rdx.
print_hexadecimal:
    mov ecx, 16
hexadecimal_next:
    rol rax, 4
    push rax
    and al, 15
    cmp al, 10
    jb hexadecimal_digit
    add al, 0x27
hexadecimal_digit:
    add al, 0x30
    call print_letter
    pop rax
    dec ecx
    jnz hexadecimal_next
    ret

# End the guest with the code in eax.
power_off:
    mov dx, 0x604
    out dx, eax
    jmp power_off

