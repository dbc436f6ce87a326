"""The KVM engine: guests executed by the processor, through /dev/kvm."""
