----------------------------- MODULE migration -----------------------------
(***************************************************************************)
(* The in-place migration machine by hand, for TLC.                        *)
(*                                                                         *)
(*     java -cp tla2tools.jar tlc2.TLC -config migration.cfg migration.tla *)
(*                                                                         *)
(* The sizes are constants, set in migration.cfg.  There is no SYMMETRY    *)
(* and no VIEW, so "distinct states found" is exactly the number of states *)
(* of the machine, and "states generated" is the number of its transitions *)
(* plus that of its PARTITIONS ^ (VMS + SEGMENTS) initial states.          *)
(*                                                                         *)
(* What speaks of two states is a box-action property, which TLC checks on *)
(* every transition.  The auxiliary variables are stored with the rest;    *)
(* each is a function of the rest in every reachable state.                *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS VMS, SEGMENTS, PARTITIONS, WORDS, ADDRESSES

VM        == 1 .. VMS
Segment   == 1 .. SEGMENTS
Partition == 1 .. PARTITIONS
Word      == 0 .. WORDS - 1
Address   == 1 .. ADDRESSES
Kind      == {"vcpu", "device", "page table"}
Phase     == {"absent", "running", "suspended", "described", "transferred", "exited", "created"}

ZERO == 0  \* the word of a scrubbed segment and of fresh registers
NONE == 0  \* no address
Mapping == Address \union {NONE}

VARIABLES
    owner,                \* partition that owns the segment, in the firmware's table
    content,              \* what the segment holds
    mapped,               \* guest address at which the partition's VMM maps the segment
    holds,                \* segments allocated to the VM
    phase,                \* where the VM is on its way
    source,               \* partition whose VMM executes the VM, or executed it before suspension
    target,               \* partition that the VM migrates to
    runs,                 \* partitions whose VMM executes the VM's vCPUs
    resources,            \* virtual resources that the partition's VMM holds for the VM
    registers,            \* run state of the VM's vCPUs
    described,            \* segment description in the extended configuration
    describedRegisters,   \* run state in the extended configuration
    guestMemory,          \* what the guest itself wrote to the segment last
    guestRegisters,       \* what the guest itself left in its registers
    guestLayout           \* where the guest was given the segment

guest == <<guestMemory, guestRegisters, guestLayout>>
configuration == <<described, describedRegisters>>
vars == <<owner, content, mapped, holds, phase, source, target, runs, resources, registers, configuration, guest>>

Migrating(v)  == phase[v] \in {"suspended", "described", "transferred", "exited", "created"}
Configured(v) == phase[v] \in {"described", "transferred", "exited", "created"}
AtSource(v)   == phase[v] \in {"running", "suspended", "described", "transferred"}
LeftSource(v) == phase[v] \in {"exited", "created"}
Held(g)       == \E v \in VM : g \in holds[v]

TypeOK ==
    /\ owner \in [Segment -> Partition]
    /\ content \in [Segment -> Word]
    /\ mapped \in [Partition -> [Segment -> Mapping]]
    /\ holds \in [VM -> SUBSET Segment]
    /\ phase \in [VM -> Phase]
    /\ source \in [VM -> Partition]
    /\ target \in [VM -> Partition]
    /\ runs \in [VM -> SUBSET Partition]
    /\ resources \in [Partition -> [VM -> SUBSET Kind]]
    /\ registers \in [VM -> Word]
    /\ described \in [VM -> [Segment -> Mapping]]
    /\ describedRegisters \in [VM -> Word]
    /\ guestMemory \in [VM -> [Segment -> Word]]
    /\ guestRegisters \in [VM -> Word]
    /\ guestLayout \in [VM -> [Segment -> Mapping]]

----------------------------------------------------------------------------

Init ==
    /\ owner \in [Segment -> Partition]
    /\ content = [g \in Segment |-> ZERO]
    /\ mapped = [p \in Partition |-> [g \in Segment |-> NONE]]
    /\ holds = [v \in VM |-> {}]
    /\ phase = [v \in VM |-> "absent"]
    /\ source \in [VM -> Partition]
    /\ target = source
    /\ runs = [v \in VM |-> {}]
    /\ resources = [p \in Partition |-> [v \in VM |-> {}]]
    /\ registers = [v \in VM |-> ZERO]
    /\ described = [v \in VM |-> [g \in Segment |-> NONE]]
    /\ describedRegisters = [v \in VM |-> ZERO]
    /\ guestMemory = [v \in VM |-> [g \in Segment |-> ZERO]]
    /\ guestRegisters = [v \in VM |-> ZERO]
    /\ guestLayout = [v \in VM |-> [g \in Segment |-> NONE]]

Start(v, p) ==
    /\ phase[v] = "absent"
    /\ phase' = [phase EXCEPT ![v] = "running"]
    /\ source' = [source EXCEPT ![v] = p]
    /\ target' = [target EXCEPT ![v] = p]
    /\ runs' = [runs EXCEPT ![v] = @ \union {p}]
    /\ resources' = [resources EXCEPT ![p][v] = Kind]
    /\ UNCHANGED <<owner, content, mapped, holds, registers, configuration, guest>>

Allocate(v, g, a) ==
    /\ phase[v] = "running"
    /\ ~Held(g)
    /\ owner[g] = source[v]
    /\ \A other \in holds[v] : mapped[source[v]][other] # a
    /\ holds' = [holds EXCEPT ![v] = @ \union {g}]
    /\ mapped' = [mapped EXCEPT ![source[v]][g] = a]
    /\ guestLayout' = [guestLayout EXCEPT ![v][g] = a]
    /\ UNCHANGED <<owner, content, phase, source, target, runs, resources, registers, configuration,
                   guestMemory, guestRegisters>>

Execute(v, g, w) ==
    /\ source[v] \in runs[v]
    /\ g \in holds[v]
    /\ content' = [content EXCEPT ![g] = w]
    /\ registers' = [registers EXCEPT ![v] = w]
    /\ guestMemory' = [guestMemory EXCEPT ![v][g] = w]
    /\ guestRegisters' = [guestRegisters EXCEPT ![v] = w]
    /\ UNCHANGED <<owner, mapped, holds, phase, source, target, runs, resources, configuration, guestLayout>>

Release(v, g) ==
    /\ phase[v] = "running"
    /\ g \in holds[v]
    /\ holds' = [holds EXCEPT ![v] = @ \ {g}]
    /\ mapped' = [mapped EXCEPT ![source[v]][g] = NONE]
    /\ content' = [content EXCEPT ![g] = ZERO]
    /\ guestMemory' = [guestMemory EXCEPT ![v][g] = ZERO]
    /\ guestLayout' = [guestLayout EXCEPT ![v][g] = NONE]
    /\ UNCHANGED <<owner, phase, source, target, runs, resources, registers, configuration, guestRegisters>>

Stop(v) ==
    /\ phase[v] = "running"
    /\ phase' = [phase EXCEPT ![v] = "absent"]
    /\ runs' = [runs EXCEPT ![v] = @ \ {source[v]}]
    /\ resources' = [resources EXCEPT ![source[v]][v] = {}]
    /\ registers' = [registers EXCEPT ![v] = ZERO]
    /\ mapped' = [p \in Partition |-> [g \in Segment |-> IF g \in holds[v] THEN NONE ELSE mapped[p][g]]]
    /\ content' = [g \in Segment |-> IF g \in holds[v] THEN ZERO ELSE content[g]]
    /\ holds' = [holds EXCEPT ![v] = {}]
    /\ guestRegisters' = [guestRegisters EXCEPT ![v] = ZERO]
    /\ guestMemory' = [guestMemory EXCEPT ![v] = [g \in Segment |-> ZERO]]
    /\ guestLayout' = [guestLayout EXCEPT ![v] = [g \in Segment |-> NONE]]
    /\ UNCHANGED <<owner, source, target, configuration>>

Rebalance(g, p) ==
    /\ ~Held(g)
    /\ owner[g] # p
    /\ owner' = [owner EXCEPT ![g] = p]
    /\ UNCHANGED <<content, mapped, holds, phase, source, target, runs, resources, registers, configuration, guest>>

Suspend(v, p) ==
    /\ phase[v] = "running"
    /\ p # source[v]
    /\ phase' = [phase EXCEPT ![v] = "suspended"]
    /\ target' = [target EXCEPT ![v] = p]
    /\ runs' = [runs EXCEPT ![v] = @ \ {source[v]}]
    /\ UNCHANGED <<owner, content, mapped, holds, source, resources, registers, configuration, guest>>

Describe(v) ==
    /\ phase[v] = "suspended"
    /\ phase' = [phase EXCEPT ![v] = "described"]
    /\ described' = [described EXCEPT ![v] =
                        [g \in Segment |-> IF g \in holds[v] THEN mapped[source[v]][g] ELSE @[g]]]
    /\ describedRegisters' = [describedRegisters EXCEPT ![v] = registers[v]]
    /\ UNCHANGED <<owner, content, mapped, holds, source, target, runs, resources, registers, guest>>

Transfer(v) ==
    /\ phase[v] = "described"
    /\ phase' = [phase EXCEPT ![v] = "transferred"]
    /\ UNCHANGED <<owner, content, mapped, holds, source, target, runs, resources, registers, configuration, guest>>

Unmap(v, g) ==
    /\ phase[v] = "transferred"
    /\ described[v][g] # NONE
    /\ mapped[source[v]][g] # NONE
    /\ mapped' = [mapped EXCEPT ![source[v]][g] = NONE]
    /\ UNCHANGED <<owner, content, holds, phase, source, target, runs, resources, registers, configuration, guest>>

Reassign(v, g) ==
    /\ phase[v] = "transferred"
    /\ described[v][g] # NONE
    /\ owner[g] = source[v]
    /\ mapped[source[v]][g] = NONE
    /\ owner' = [owner EXCEPT ![g] = target[v]]
    /\ UNCHANGED <<content, mapped, holds, phase, source, target, runs, resources, registers, configuration, guest>>

Map(v, g) ==
    /\ phase[v] \in {"transferred", "exited", "created"}
    /\ described[v][g] # NONE
    /\ owner[g] = target[v]
    /\ mapped[target[v]][g] = NONE
    /\ mapped' = [mapped EXCEPT ![target[v]][g] = described[v][g]]
    /\ UNCHANGED <<owner, content, holds, phase, source, target, runs, resources, registers, configuration, guest>>

Exit(v) ==
    /\ phase[v] = "transferred"
    /\ \A g \in Segment : described[v][g] # NONE => owner[g] = target[v]
    /\ phase' = [phase EXCEPT ![v] = "exited"]
    /\ resources' = [resources EXCEPT ![source[v]][v] = {}]
    /\ registers' = [registers EXCEPT ![v] = ZERO]
    /\ UNCHANGED <<owner, content, mapped, holds, source, target, runs, configuration, guest>>

Create(v) ==
    /\ phase[v] = "exited"
    /\ phase' = [phase EXCEPT ![v] = "created"]
    /\ resources' = [resources EXCEPT ![target[v]][v] = Kind]
    /\ registers' = [registers EXCEPT ![v] = describedRegisters[v]]
    /\ UNCHANGED <<owner, content, mapped, holds, source, target, runs, configuration, guest>>

Resume(v) ==
    /\ phase[v] = "created"
    /\ \A g \in Segment : described[v][g] # NONE => mapped[target[v]][g] = described[v][g]
    /\ phase' = [phase EXCEPT ![v] = "running"]
    /\ source' = [source EXCEPT ![v] = target[v]]
    /\ runs' = [runs EXCEPT ![v] = @ \union {target[v]}]
    /\ described' = [described EXCEPT ![v] = [g \in Segment |-> NONE]]
    /\ describedRegisters' = [describedRegisters EXCEPT ![v] = ZERO]
    /\ UNCHANGED <<owner, content, mapped, holds, target, resources, registers, guest>>

Next ==
    \/ \E v \in VM :
        \/ \E p \in Partition : Start(v, p) \/ Suspend(v, p)
        \/ Stop(v) \/ Describe(v) \/ Transfer(v) \/ Exit(v) \/ Create(v) \/ Resume(v)
        \/ \E g \in Segment :
            \/ \E a \in Address : Allocate(v, g, a)
            \/ \E w \in Word : Execute(v, g, w)
            \/ Release(v, g) \/ Unmap(v, g) \/ Reassign(v, g) \/ Map(v, g)
    \/ \E g \in Segment, p \in Partition : Rebalance(g, p)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------

ExclusiveAllocation == \A a, b \in VM : a # b => holds[a] \intersect holds[b] = {}

SegmentPurity == \A v \in VM : \A g \in holds[v] : content[g] # ZERO => guestMemory[v][g] = content[g]

ContentsIntact ==
    \A v \in VM :
        /\ \A g \in holds[v] : content[g] = guestMemory[v][g]
        /\ AtSource(v) \/ phase[v] = "created" => registers[v] = guestRegisters[v]

SuspendFreezes == \A v \in VM : Migrating(v) => runs[v] = {}

AtMostOneRunner == \A v \in VM : \A p, q \in runs[v] : p = q

RunImpliesOwnsAll ==
    \A v \in VM : \A p \in runs[v], g \in holds[v] : owner[g] = p /\ mapped[p][g] = guestLayout[v][g]

HalfOwnedNeverRuns == \A v \in VM : (\E a, b \in holds[v] : owner[a] # owner[b]) => runs[v] = {}

MapImpliesOwn == \A p \in Partition, g \in Segment : mapped[p][g] # NONE => owner[g] = p

Conservation ==
    /\ \A v \in VM : phase[v] = "absent" => holds[v] = {}
    /\ \A p \in Partition, g \in Segment : mapped[p][g] # NONE => Held(g)

ConfigFaithful ==
    \A v \in VM :
        IF Configured(v)
        THEN /\ \A g \in Segment : (described[v][g] # NONE) <=> (g \in holds[v])
             /\ described[v] = guestLayout[v]
             /\ describedRegisters[v] = guestRegisters[v]
        ELSE \A g \in Segment : described[v][g] = NONE

SuspendedStaysAllocated == \A v \in VM : AtSource(v) => resources[source[v]][v] = Kind

CreatedHasResources == \A v \in VM : phase[v] = "created" => resources[target[v]][v] = Kind

ResourcesFreed ==
    \A v \in VM :
        /\ LeftSource(v) => /\ resources[source[v]][v] = {}
                            /\ \A g \in holds[v] : mapped[source[v]][g] = NONE
        /\ \A p \in Partition : resources[p][v] # {} => p \in {source[v], target[v]} /\ phase[v] # "absent"

ScrubBeforeReuse == \A g \in Segment : ~Held(g) => content[g] = ZERO

----------------------------------------------------------------------------

SuspendedMemoryIsFrozen ==
    [][\A v \in VM : Migrating(v) => \A g \in holds[v] : content'[g] = content[g] /\ g \in holds'[v]]_vars

OnlyOwnFreed ==
    [][\A v \in VM :
        /\ phase'[v] = phase[v] => \A p \in Partition : resources'[p][v] = resources[p][v]
        /\ holds'[v] # holds[v] => phase[v] = "running" /\ phase'[v] \in {"running", "absent"}]_vars

NoScrubOnReassign == [][\A g \in Segment : owner'[g] # owner[g] => content'[g] = content[g]]_vars

Edges == {<<"absent", "running">>, <<"running", "absent">>, <<"running", "suspended">>, <<"suspended", "described">>,
          <<"described", "transferred">>, <<"transferred", "exited">>, <<"exited", "created">>,
          <<"created", "running">>}

LegalEdges == [][\A v \in VM : phase'[v] = phase[v] \/ <<phase[v], phase'[v]>> \in Edges]_vars

============================================================================
