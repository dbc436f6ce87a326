/*
 * The in-place migration machine by hand, for SPIN.
 *
 *     spin -a -DVMS=2 -DSEGMENTS=2 migration.pml
 *     gcc -O3 -DSAFETY -DNOREDUCE -DMEMLIM=12000 -o pan pan.c
 *     ./pan -m1000000 -w24
 *
 * Sizes: VMS, SEGMENTS, PARTITIONS, WORDS and ADDRESSES, each from 1 to 4.
 *
 * Encoding.  A set of segments is a mask, with one bit per segment.  A map from segments to a partition, an optional
 * address or a word is a one-hot row of such masks: bit (p * SEGMENTS + segment) says that partition p owns the
 * segment, bit (a * SEGMENTS + segment) that it is at address a, and bit ((w - 1) * SEGMENTS + segment) that it holds
 * word w; no bit is the absent option, or the word zero.  So every step, and every property, is a handful of bit
 * operations, with no loop over segments, and every step with parameters is unfolded by the preprocessor into one
 * deterministic step for each value of the parameters.
 *
 * States.  There is one process, which has one control state in which it rests: the head of its loop.  Each step is
 * a d_step, so it stores no state on its way.  The choice of the initial state is one atomic sequence, so it stores
 * no state on its way either, but the state from which it starts is stored.  Hence, exactly:
 *
 *     distinct states of the machine = "states, stored" - 1
 *
 * and, with I = PARTITIONS ^ (VMS + SEGMENTS) initial states, since SPIN counts the way into each of them, and into
 * the state from which they are chosen, as a transition:
 *
 *     transitions of the machine = "transitions" - I - 1
 *
 * README.md says what a breadth-first search counts.
 *
 * Properties.  An invariant is a function of the state alone, so it is enough to look at it once for every state that
 * is stored: the first option of the loop can be taken in no state but one that violates an invariant, and then fails,
 * at the line that names it.  What speaks of two states is asserted in each step that writes what it speaks of, right
 * before the write.  A state without a way on is an invalid end state, which SPIN reports by itself.
 *
 * Ghosts.  With -DGHOSTS=1, which is the default, the auxiliary variables are stored with the rest, and the same
 * properties are checked as in safety.py.  Each ghost is a function of the rest in every reachable state, so the
 * number of states is the same with -DGHOSTS=0, which is faster by its shorter states, but checks less:
 *
 *   - contents_intact and segment_purity are not checked; of what they say there remains that no step writes to the
 *     memory of a migrating VM;
 *   - run_implies_owns_all no longer says that the mapping is the one that the guest knows, but that there is one;
 *   - config_faithful no longer says at which address a segment is described, nor what the run state is.
 */

#ifndef VMS
#define VMS 2
#endif
#ifndef SEGMENTS
#define SEGMENTS 2
#endif
#ifndef PARTITIONS
#define PARTITIONS 2
#endif
#ifndef WORDS
#define WORDS 2
#endif
#ifndef ADDRESSES
#define ADDRESSES 2
#endif
#ifndef GHOSTS
#define GHOSTS 1
#endif

/* EACH_x(M, ...) unfolds M for every x; ALL_x and ANY_x join what it unfolds to. */

#if VMS == 1
#define JOIN_VMS(M, op) (M(0))
#define EACH_VM(M) M(0)
#define EACH_PAIR(M, op, end) (end)
#elif VMS == 2
#define JOIN_VMS(M, op) (M(0) op M(1))
#define EACH_VM(M) M(0) M(1)
#define EACH_PAIR(M, op, end) (M(0, 1))
#elif VMS == 3
#define JOIN_VMS(M, op) (M(0) op M(1) op M(2))
#define EACH_VM(M) M(0) M(1) M(2)
#define EACH_PAIR(M, op, end) (M(0, 1) op M(0, 2) op M(1, 2))
#elif VMS == 4
#define JOIN_VMS(M, op) (M(0) op M(1) op M(2) op M(3))
#define EACH_VM(M) M(0) M(1) M(2) M(3)
#define EACH_PAIR(M, op, end) (M(0, 1) op M(0, 2) op M(0, 3) op M(1, 2) op M(1, 3) op M(2, 3))
#else
#error "VMS must be from 1 to 4"
#endif

#if SEGMENTS == 1
#define EACH_SEGMENT(M, x) M(x, 0)
#elif SEGMENTS == 2
#define EACH_SEGMENT(M, x) M(x, 0) M(x, 1)
#elif SEGMENTS == 3
#define EACH_SEGMENT(M, x) M(x, 0) M(x, 1) M(x, 2)
#elif SEGMENTS == 4
#define EACH_SEGMENT(M, x) M(x, 0) M(x, 1) M(x, 2) M(x, 3)
#else
#error "SEGMENTS must be from 1 to 4"
#endif

#if PARTITIONS == 1
#define JOIN_PARTITIONS(M, op, x) (M(x, 0))
#define EACH_PARTITION(M, x) M(x, 0)
#elif PARTITIONS == 2
#define JOIN_PARTITIONS(M, op, x) (M(x, 0) op M(x, 1))
#define EACH_PARTITION(M, x) M(x, 0) M(x, 1)
#elif PARTITIONS == 3
#define JOIN_PARTITIONS(M, op, x) (M(x, 0) op M(x, 1) op M(x, 2))
#define EACH_PARTITION(M, x) M(x, 0) M(x, 1) M(x, 2)
#elif PARTITIONS == 4
#define JOIN_PARTITIONS(M, op, x) (M(x, 0) op M(x, 1) op M(x, 2) op M(x, 3))
#define EACH_PARTITION(M, x) M(x, 0) M(x, 1) M(x, 2) M(x, 3)
#else
#error "PARTITIONS must be from 1 to 4"
#endif

#if WORDS == 1
#define EACH_WORD(M, x, y) M(x, y, 0)
#elif WORDS == 2
#define EACH_WORD(M, x, y) M(x, y, 0) M(x, y, 1)
#elif WORDS == 3
#define EACH_WORD(M, x, y) M(x, y, 0) M(x, y, 1) M(x, y, 2)
#elif WORDS == 4
#define EACH_WORD(M, x, y) M(x, y, 0) M(x, y, 1) M(x, y, 2) M(x, y, 3)
#else
#error "WORDS must be from 1 to 4"
#endif

#if ADDRESSES == 1
#define EACH_ADDRESS(M, x, y) M(x, y, 0)
#define IN_ROW(m) (m)
#define IN_MASK(row) (row)
#elif ADDRESSES == 2
#define EACH_ADDRESS(M, x, y) M(x, y, 0) M(x, y, 1)
#define IN_ROW(m) ((m) * (1 | 1 << SEGMENTS))
#define IN_MASK(row) (((row) | (row) >> SEGMENTS) & SEGMENT_MASK)
#elif ADDRESSES == 3
#define EACH_ADDRESS(M, x, y) M(x, y, 0) M(x, y, 1) M(x, y, 2)
#define IN_ROW(m) ((m) * (1 | 1 << SEGMENTS | 1 << 2 * SEGMENTS))
#define IN_MASK(row) (((row) | (row) >> SEGMENTS | (row) >> 2 * SEGMENTS) & SEGMENT_MASK)
#elif ADDRESSES == 4
#define EACH_ADDRESS(M, x, y) M(x, y, 0) M(x, y, 1) M(x, y, 2) M(x, y, 3)
#define IN_ROW(m) ((m) * (1 | 1 << SEGMENTS | 1 << 2 * SEGMENTS | 1 << 3 * SEGMENTS))
#define IN_MASK(row) (((row) | (row) >> SEGMENTS | (row) >> 2 * SEGMENTS | (row) >> 3 * SEGMENTS) & SEGMENT_MASK)
#else
#error "ADDRESSES must be from 1 to 4"
#endif

#define SEGMENT_MASK ((1 << SEGMENTS) - 1)
#define BIT(segment) (1 << (segment))

#if WORDS == 1
#define IN_WORDS(m) 0
#define WORD_BIT(segment, word) 0
#else
#if WORDS == 2
#define IN_WORDS(m) (m)
#elif WORDS == 3
#define IN_WORDS(m) ((m) * (1 | 1 << SEGMENTS))
#else
#define IN_WORDS(m) ((m) * (1 | 1 << SEGMENTS | 1 << 2 * SEGMENTS))
#endif
#define WORD_BIT(segment, word) ((word) == 0 -> 0 : 1 << (((word) + WORDS - 1) % WORDS * SEGMENTS + (segment)))
#endif

#if PARTITIONS * SEGMENTS <= 8
#define OWNERS byte
#elif PARTITIONS * SEGMENTS <= 15
#define OWNERS short
#else
#define OWNERS int
#endif

#if ADDRESSES * SEGMENTS <= 8
#define ROW byte
#elif ADDRESSES * SEGMENTS <= 15
#define ROW short
#else
#define ROW int
#endif

#if (WORDS - 1) * SEGMENTS <= 8
#define CONTENT byte
#else
#define CONTENT short
#endif

#if PARTITIONS <= 2
#define KINDS_ROW byte
#else
#define KINDS_ROW short
#endif

/* The phases are numbers, in the order in which a VM goes through them. */
#define ABSENT 0
#define RUNNING 1
#define SUSPENDED 2
#define DESCRIBED 3
#define TRANSFERRED 4
#define EXITED 5
#define CREATED 6

/* The three kinds of virtual resources, of one partition. */
#define KINDS(partition) (7 << 3 * (partition))

OWNERS owner;                       /* one-hot partitions */
CONTENT content;                    /* one-hot words */
ROW mapped[PARTITIONS];             /* one-hot addresses */
byte holds[VMS];                    /* mask of segments */
byte phase[VMS];
byte source[VMS];
byte target[VMS];
byte runs[VMS];                     /* mask of partitions */
KINDS_ROW resources[VMS];           /* three bits per partition */
byte registers[VMS];
ROW described[VMS];                 /* one-hot addresses */
byte described_registers[VMS];

#if GHOSTS
CONTENT guest_memory[VMS];          /* one-hot words */
byte guest_registers[VMS];
ROW guest_layout[VMS];              /* one-hot addresses */
#define GHOST(assignment) assignment
#else
#define GHOST(assignment)
#endif

/* The row of owners: the segments that a partition owns, and the bits that say it of a mask of segments. */
#define OWNED(partition) (owner >> (partition) * SEGMENTS & SEGMENT_MASK)
#define OF(partition, mask) ((mask) << (partition) * SEGMENTS)
#define MADE_OF(mask, p) OF(p, mask)
#define OF_ANY(mask) JOIN_PARTITIONS(MADE_OF, |, mask)

#define HELD_BY(v) holds[v]
#define HELD JOIN_VMS(HELD_BY, |)

#define MIGRATING(v) (phase[v] >= SUSPENDED)
#define CONFIGURED(v) (phase[v] >= DESCRIBED)
#define AT_SOURCE(v) (phase[v] >= RUNNING && phase[v] <= TRANSFERRED)
#define LEFT_SOURCE(v) (phase[v] >= EXITED)

/* -- The properties of one state ------------------------------------------------------------------------------- */

#define EXCLUSIVE(a, b) (holds[a] & holds[b]) == 0
#define exclusive_allocation EACH_PAIR(EXCLUSIVE, &&, true)

#define FROZEN(v) (!MIGRATING(v) || runs[v] == 0)
#define suspend_freezes JOIN_VMS(FROZEN, &&)

#define ONE_RUNNER(v) (runs[v] & (runs[v] - 1)) == 0
#define at_most_one_runner JOIN_VMS(ONE_RUNNER, &&)

#if GHOSTS
#define PURE(v) (content & IN_WORDS(holds[v]) & ~guest_memory[v]) == 0
#define INTACT(v) (((content ^ guest_memory[v]) & IN_WORDS(holds[v])) == 0 \
    && (registers[v] == guest_registers[v] || !(AT_SOURCE(v) || phase[v] == CREATED)))
#define MAPPED_RIGHT(v, p) ((mapped[p] ^ guest_layout[v]) & IN_ROW(holds[v])) == 0
#define FAITHFUL(v) (CONFIGURED(v) \
    -> (IN_MASK(described[v]) == holds[v] && described[v] == guest_layout[v] \
        && described_registers[v] == guest_registers[v]) \
    : described[v] == 0)
#define segment_purity JOIN_VMS(PURE, &&)
#define contents_intact JOIN_VMS(INTACT, &&)
#else
#define MAPPED_RIGHT(v, p) (holds[v] & ~IN_MASK(mapped[p])) == 0
#define FAITHFUL(v) (CONFIGURED(v) -> IN_MASK(described[v]) == holds[v] : described[v] == 0)
#define segment_purity true
#define contents_intact true
#endif
#define config_faithful JOIN_VMS(FAITHFUL, &&)

#define OWNS_ALL(v, p) (!(runs[v] & 1 << p) || (holds[v] & ~OWNED(p)) == 0 && MAPPED_RIGHT(v, p))
#define RUNNER_OWNS_ALL(v) JOIN_PARTITIONS(OWNS_ALL, &&, v)
#define run_implies_owns_all JOIN_VMS(RUNNER_OWNS_ALL, &&)

#define ALL_AT(v, p) (holds[v] & ~OWNED(p)) == 0
#define WHOLE(v) (runs[v] == 0 || JOIN_PARTITIONS(ALL_AT, ||, v))
#define half_owned_never_runs JOIN_VMS(WHOLE, &&)

#define MAPS_OWN(x, p) (IN_MASK(mapped[p]) & ~OWNED(p)) == 0
#define map_implies_own JOIN_PARTITIONS(MAPS_OWN, &&, 0)

#define EXISTS_IF_HOLDS(v) (phase[v] != ABSENT || holds[v] == 0)
#define MAPS_HELD(x, p) (mapped[p] & ~IN_ROW(HELD)) == 0
#define conservation (JOIN_VMS(EXISTS_IF_HOLDS, &&) && JOIN_PARTITIONS(MAPS_HELD, &&, 0))

#define ALLOCATED(v) (!AT_SOURCE(v) || (~resources[v] & KINDS(source[v])) == 0)
#define suspended_stays_allocated JOIN_VMS(ALLOCATED, &&)

#define COMPLETE(v) (phase[v] != CREATED || (~resources[v] & KINDS(target[v])) == 0)
#define created_has_resources JOIN_VMS(COMPLETE, &&)

#define FREED(v) ((resources[v] & ~(KINDS(source[v]) | KINDS(target[v]))) == 0 \
    && (phase[v] != ABSENT || resources[v] == 0) \
    && (!LEFT_SOURCE(v) || (resources[v] & KINDS(source[v])) == 0 && (mapped[source[v]] & IN_ROW(holds[v])) == 0))
#define resources_freed JOIN_VMS(FREED, &&)

#define scrub_before_reuse ((content & ~IN_WORDS(HELD)) == 0)

#define INVARIANTS (exclusive_allocation && segment_purity && contents_intact && suspend_freezes \
    && at_most_one_runner && run_implies_owns_all && half_owned_never_runs && map_implies_own && conservation \
    && config_faithful && suspended_stays_allocated && created_has_resources && resources_freed && scrub_before_reuse)

/* -- The properties of two states, each asserted before the write of which it speaks ---------------------------- */

/* legal_edges, and the part of only_own_freed that speaks of phases */
#define MOVE(v, next) \
    assert(next == phase[v] + 1 || phase[v] == CREATED && next == RUNNING || phase[v] == RUNNING && next == ABSENT); \
    phase[v] = next

/* suspended_memory_is_frozen: the segments of which content or holder change belong to no migrating VM */
#define FROZEN_OF(v) (MIGRATING(v) -> holds[v] : 0)
#define TOUCH(mask) assert(((mask) & JOIN_VMS(FROZEN_OF, |)) == 0)

/* only_own_freed */
#define REHOLD(v, mask) assert(phase[v] == RUNNING); holds[v] = mask

/* -- The steps --------------------------------------------------------------------------------------------------- */

#define START(v, p) \
    :: d_step { phase[v] == ABSENT -> \
        MOVE(v, RUNNING); source[v] = p; target[v] = p; \
        runs[v] = runs[v] | 1 << p; resources[v] = resources[v] | KINDS(p) }

#define ALLOCATE(v, g, a) \
    :: d_step { phase[v] == RUNNING && !(HELD & BIT(g)) && (OWNED(source[v]) & BIT(g)) \
            && !(mapped[source[v]] >> a * SEGMENTS & holds[v]) -> \
        mapped[source[v]] = mapped[source[v]] & ~IN_ROW(BIT(g)) | BIT(a * SEGMENTS + g); \
        GHOST(guest_layout[v] = guest_layout[v] & ~IN_ROW(BIT(g)) | BIT(a * SEGMENTS + g);) \
        REHOLD(v, holds[v] | BIT(g)) }

#define EXECUTE(v, g, w) \
    :: d_step { (runs[v] & 1 << source[v]) && (holds[v] & BIT(g)) -> \
        TOUCH(BIT(g)); \
        content = content & ~IN_WORDS(BIT(g)) | WORD_BIT(g, w); registers[v] = w; \
        GHOST(guest_memory[v] = guest_memory[v] & ~IN_WORDS(BIT(g)) | WORD_BIT(g, w); guest_registers[v] = w) }

#define RELEASE(v, g) \
    :: d_step { phase[v] == RUNNING && (holds[v] & BIT(g)) -> \
        TOUCH(BIT(g)); \
        mapped[source[v]] = mapped[source[v]] & ~IN_ROW(BIT(g)); content = content & ~IN_WORDS(BIT(g)); \
        GHOST(guest_memory[v] = guest_memory[v] & ~IN_WORDS(BIT(g)); \
            guest_layout[v] = guest_layout[v] & ~IN_ROW(BIT(g));) \
        REHOLD(v, holds[v] & ~BIT(g)) }

#define UNMAP_HELD(v, p) mapped[p] = mapped[p] & ~IN_ROW(holds[v]);
#define STOP(v) \
    :: d_step { phase[v] == RUNNING -> \
        TOUCH(holds[v]); \
        EACH_PARTITION(UNMAP_HELD, v) content = content & ~IN_WORDS(holds[v]); \
        REHOLD(v, 0); runs[v] = runs[v] & ~(1 << source[v]); resources[v] = resources[v] & ~KINDS(source[v]); \
        registers[v] = 0; \
        GHOST(guest_registers[v] = 0; guest_memory[v] = 0; guest_layout[v] = 0;) \
        MOVE(v, ABSENT) }

#define REBALANCE(g, p) \
    :: d_step { !(HELD & BIT(g)) && !(OWNED(p) & BIT(g)) -> \
        owner = owner & ~OF_ANY(BIT(g)) | OF(p, BIT(g)) }

#define SUSPEND(v, p) \
    :: d_step { phase[v] == RUNNING && source[v] != p -> \
        MOVE(v, SUSPENDED); target[v] = p; runs[v] = runs[v] & ~(1 << source[v]) }

#define DESCRIBE(v) \
    :: d_step { phase[v] == SUSPENDED -> \
        described[v] = described[v] & ~IN_ROW(holds[v]) | mapped[source[v]] & IN_ROW(holds[v]); \
        described_registers[v] = registers[v]; MOVE(v, DESCRIBED) }

#define TRANSFER(v) \
    :: d_step { phase[v] == DESCRIBED -> MOVE(v, TRANSFERRED) }

#define UNMAP(v, g) \
    :: d_step { phase[v] == TRANSFERRED && (described[v] & IN_ROW(BIT(g))) \
            && (mapped[source[v]] & IN_ROW(BIT(g))) -> \
        mapped[source[v]] = mapped[source[v]] & ~IN_ROW(BIT(g)) }

/* The content is not written, here and in REBALANCE, so no_scrub_on_reassign has nothing to assert. */
#define REASSIGN(v, g) \
    :: d_step { phase[v] == TRANSFERRED && (described[v] & IN_ROW(BIT(g))) && (OWNED(source[v]) & BIT(g)) \
            && !(mapped[source[v]] & IN_ROW(BIT(g))) -> \
        owner = owner & ~OF_ANY(BIT(g)) | OF(target[v], BIT(g)) }

#define MAP(v, g) \
    :: d_step { phase[v] >= TRANSFERRED && (described[v] & IN_ROW(BIT(g))) && (OWNED(target[v]) & BIT(g)) \
            && !(mapped[target[v]] & IN_ROW(BIT(g))) -> \
        mapped[target[v]] = mapped[target[v]] | described[v] & IN_ROW(BIT(g)) }

#define EXIT(v) \
    :: d_step { phase[v] == TRANSFERRED && !(IN_MASK(described[v]) & ~OWNED(target[v])) -> \
        resources[v] = resources[v] & ~KINDS(source[v]); registers[v] = 0; MOVE(v, EXITED) }

#define CREATE(v) \
    :: d_step { phase[v] == EXITED -> \
        resources[v] = resources[v] | KINDS(target[v]); registers[v] = described_registers[v]; MOVE(v, CREATED) }

/* Rows are one-hot, so a mapping that has the description's bits has them alone. */
#define RESUME(v) \
    :: d_step { phase[v] == CREATED && (mapped[target[v]] & described[v]) == described[v] -> \
        source[v] = target[v]; runs[v] = runs[v] | 1 << target[v]; \
        described[v] = 0; described_registers[v] = 0; MOVE(v, RUNNING) }

#define SEGMENT_STEPS(v, g) \
    EACH_ADDRESS(ALLOCATE, v, g) EACH_WORD(EXECUTE, v, g) RELEASE(v, g) UNMAP(v, g) REASSIGN(v, g) MAP(v, g)
#define VM_STEPS(v) \
    EACH_PARTITION(START, v) STOP(v) EACH_PARTITION(SUSPEND, v) \
    DESCRIBE(v) TRANSFER(v) EXIT(v) CREATE(v) RESUME(v) EACH_SEGMENT(SEGMENT_STEPS, v)
#define FIRMWARE_STEPS(x, g) EACH_PARTITION(REBALANCE, g)

#define LIVED_AT(v, p) :: source[v] = p; target[v] = p
#define ANY_HOME(v) if EACH_PARTITION(LIVED_AT, v) fi;
#define OWNED_BY(g, p) :: owner = owner | OF(p, BIT(g))
#define ANY_OWNER(x, g) if EACH_PARTITION(OWNED_BY, g) fi;

active proctype migration()
{
    atomic { EACH_VM(ANY_HOME) EACH_SEGMENT(ANY_OWNER, 0) }

    do
    :: d_step { !INVARIANTS ->
        assert(exclusive_allocation);
        assert(segment_purity);
        assert(contents_intact);
        assert(suspend_freezes);
        assert(at_most_one_runner);
        assert(run_implies_owns_all);
        assert(half_owned_never_runs);
        assert(map_implies_own);
        assert(conservation);
        assert(config_faithful);
        assert(suspended_stays_allocated);
        assert(created_has_resources);
        assert(resources_freed);
        assert(scrub_before_reuse);
    }
    EACH_VM(VM_STEPS)
    EACH_SEGMENT(FIRMWARE_STEPS, 0)
    od
}
