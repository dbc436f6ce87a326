-- The in-place migration machine by hand, for Murphi (written for rumur).
--
--     rumur --deadlock-detection stuck --output migration.c migration.m
--     gcc -O3 -march=native -o migration migration.c -lpthread
--     ./migration
--
-- Sizes: the five numbers of the block below; another instance is made by replacing them in the text, for which each
-- stands on a line of its own.
--
-- States.  The elements are plain ranges, not scalarsets, so no symmetry reduces what is counted: "states" is exactly
-- the number of distinct states of the machine, and "rules fired" that of its transitions.
--
-- Properties.  What speaks of one state is an invariant.  What speaks of two is asserted in the procedures by which
-- alone the steps write what it speaks of, right before the write. A state without a way on is reported as a deadlock.
--
-- Ghosts.  The auxiliary variables are stored with the rest, since Murphi has no other place for them; each is a
-- function of the rest in every reachable state, so they add none.

const
  VMS: 2;
  SEGMENTS: 2;
  PARTITIONS: 2;
  WORDS: 2;
  ADDRESSES: 2;

const
  ZERO: 0;  -- the word of a scrubbed segment and of fresh registers
  NONE: 0;  -- no address

  -- PARTITIONS to the power of the numbers of segments and of VMs, each of them from 1 to 4
  OWNERSHIPS: PARTITIONS * (SEGMENTS > 1 ? PARTITIONS : 1) * (SEGMENTS > 2 ? PARTITIONS : 1)
    * (SEGMENTS > 3 ? PARTITIONS : 1);
  HOMES: PARTITIONS * (VMS > 1 ? PARTITIONS : 1) * (VMS > 2 ? PARTITIONS : 1) * (VMS > 3 ? PARTITIONS : 1);

type
  VM: 0 .. VMS - 1;
  Segment: 0 .. SEGMENTS - 1;
  Partition: 0 .. PARTITIONS - 1;
  Word: 0 .. WORDS - 1;
  Address: 1 .. ADDRESSES;
  Mapping: 0 .. ADDRESSES;
  Phase: enum { ABSENT, RUNNING, SUSPENDED, DESCRIBED, TRANSFERRED, EXITED, CREATED };
  Kind: enum { VCPU, DEVICE, PAGE_TABLE };

var
  owner: array[Segment] of Partition;
  content: array[Segment] of Word;
  mapped: array[Partition] of array[Segment] of Mapping;
  holds: array[VM] of array[Segment] of boolean;
  phase: array[VM] of Phase;
  source: array[VM] of Partition;
  target: array[VM] of Partition;
  runs: array[Partition] of array[VM] of boolean;
  resources: array[Partition] of array[VM] of array[Kind] of boolean;
  registers: array[VM] of Word;
  described: array[VM] of array[Segment] of Mapping;
  described_registers: array[VM] of Word;
  guest_memory: array[VM] of array[Segment] of Word;
  guest_registers: array[VM] of Word;
  guest_layout: array[VM] of array[Segment] of Mapping;

function migrating(v: VM): boolean;
begin
  return phase[v] != ABSENT & phase[v] != RUNNING;
end;

function configured(v: VM): boolean;
begin
  return phase[v] = DESCRIBED | phase[v] = TRANSFERRED | phase[v] = EXITED | phase[v] = CREATED;
end;

function at_source(v: VM): boolean;
begin
  return phase[v] = RUNNING | phase[v] = SUSPENDED | phase[v] = DESCRIBED | phase[v] = TRANSFERRED;
end;

function left_source(v: VM): boolean;
begin
  return phase[v] = EXITED | phase[v] = CREATED;
end;

function held(g: Segment): boolean;
begin
  return exists v: VM do holds[v][g] endexists;
end;

-- The only writes of what the properties of two states speak of.

procedure move(v: VM; next: Phase);
begin
  assert "legal_edges"
    (phase[v] = ABSENT & next = RUNNING) | (phase[v] = RUNNING & next = ABSENT)
    | (phase[v] = RUNNING & next = SUSPENDED) | (phase[v] = SUSPENDED & next = DESCRIBED)
    | (phase[v] = DESCRIBED & next = TRANSFERRED) | (phase[v] = TRANSFERRED & next = EXITED)
    | (phase[v] = EXITED & next = CREATED) | (phase[v] = CREATED & next = RUNNING);
  phase[v] := next;
end;

procedure write_content(g: Segment; w: Word);
begin
  assert "suspended_memory_is_frozen"
    w = content[g] | (forall v: VM do holds[v][g] -> !migrating(v) endforall);
  content[g] := w;
end;

procedure write_holds(v: VM; g: Segment; h: boolean);
begin
  assert "only_own_freed" h = holds[v][g] | phase[v] = RUNNING;
  holds[v][g] := h;
end;

-- Called only where the phase of the same VM moves on, which is what only_own_freed demands of resources.
procedure write_resources(v: VM; p: Partition; h: boolean);
begin
  for k: Kind do
    resources[p][v][k] := h;
  endfor;
end;

ruleset ownership: 0 .. OWNERSHIPS - 1; home: 0 .. HOMES - 1 do
  startstate "nothing runs"
  var rest: 0 .. OWNERSHIPS * HOMES;
  begin
    rest := ownership;
    for g: Segment do
      owner[g] := rest % PARTITIONS;
      rest := rest / PARTITIONS;
      content[g] := ZERO;
      for p: Partition do
        mapped[p][g] := NONE;
      endfor;
    endfor;
    rest := home;
    for v: VM do
      source[v] := rest % PARTITIONS;
      target[v] := source[v];
      rest := rest / PARTITIONS;
      phase[v] := ABSENT;
      registers[v] := ZERO;
      described_registers[v] := ZERO;
      guest_registers[v] := ZERO;
      for g: Segment do
        holds[v][g] := false;
        described[v][g] := NONE;
        guest_memory[v][g] := ZERO;
        guest_layout[v][g] := NONE;
      endfor;
      for p: Partition do
        runs[p][v] := false;
        write_resources(v, p, false);
      endfor;
    endfor;
  end;
endruleset;

ruleset v: VM; p: Partition do
  rule "start" phase[v] = ABSENT ==>
  begin
    source[v] := p;
    target[v] := p;
    runs[p][v] := true;
    write_resources(v, p, true);
    move(v, RUNNING);
  end;
endruleset;

ruleset v: VM; g: Segment; a: Address do
  rule "allocate"
    phase[v] = RUNNING & !held(g) & owner[g] = source[v]
    & (forall other: Segment do holds[v][other] -> mapped[source[v]][other] != a endforall) ==>
  begin
    write_holds(v, g, true);
    mapped[source[v]][g] := a;
    guest_layout[v][g] := a;
  end;
endruleset;

ruleset v: VM; g: Segment; w: Word do
  rule "execute" runs[source[v]][v] & holds[v][g] ==>
  begin
    write_content(g, w);
    registers[v] := w;
    guest_memory[v][g] := w;
    guest_registers[v] := w;
  end;
endruleset;

ruleset v: VM; g: Segment do
  rule "release" phase[v] = RUNNING & holds[v][g] ==>
  begin
    write_content(g, ZERO);
    write_holds(v, g, false);
    mapped[source[v]][g] := NONE;
    guest_memory[v][g] := ZERO;
    guest_layout[v][g] := NONE;
  end;
endruleset;

ruleset v: VM do
  rule "stop" phase[v] = RUNNING ==>
  begin
    for g: Segment do
      if holds[v][g] then
        write_content(g, ZERO);
        for p: Partition do
          mapped[p][g] := NONE;
        endfor;
      endif;
      write_holds(v, g, false);
      guest_memory[v][g] := ZERO;
      guest_layout[v][g] := NONE;
    endfor;
    runs[source[v]][v] := false;
    write_resources(v, source[v], false);
    registers[v] := ZERO;
    guest_registers[v] := ZERO;
    move(v, ABSENT);
  end;
endruleset;

-- The content is not written, here and in "reassign", so no_scrub_on_reassign has nothing to assert.
ruleset g: Segment; p: Partition do
  rule "rebalance" !held(g) & owner[g] != p ==>
  begin
    owner[g] := p;
  end;
endruleset;

ruleset v: VM; p: Partition do
  rule "suspend" phase[v] = RUNNING & p != source[v] ==>
  begin
    target[v] := p;
    runs[source[v]][v] := false;
    move(v, SUSPENDED);
  end;
endruleset;

ruleset v: VM do
  rule "describe" phase[v] = SUSPENDED ==>
  begin
    for g: Segment do
      if holds[v][g] then
        described[v][g] := mapped[source[v]][g];
      endif;
    endfor;
    described_registers[v] := registers[v];
    move(v, DESCRIBED);
  end;

  rule "transfer" phase[v] = DESCRIBED ==>
  begin
    move(v, TRANSFERRED);
  end;
endruleset;

ruleset v: VM; g: Segment do
  rule "unmap" phase[v] = TRANSFERRED & described[v][g] != NONE & mapped[source[v]][g] != NONE ==>
  begin
    mapped[source[v]][g] := NONE;
  end;

  rule "reassign"
    phase[v] = TRANSFERRED & described[v][g] != NONE & owner[g] = source[v] & mapped[source[v]][g] = NONE ==>
  begin
    owner[g] := target[v];
  end;

  rule "map"
    (phase[v] = TRANSFERRED | phase[v] = EXITED | phase[v] = CREATED)
    & described[v][g] != NONE & owner[g] = target[v] & mapped[target[v]][g] = NONE ==>
  begin
    mapped[target[v]][g] := described[v][g];
  end;
endruleset;

ruleset v: VM do
  rule "exit"
    phase[v] = TRANSFERRED & (forall g: Segment do described[v][g] != NONE -> owner[g] = target[v] endforall) ==>
  begin
    write_resources(v, source[v], false);
    registers[v] := ZERO;
    move(v, EXITED);
  end;

  rule "create" phase[v] = EXITED ==>
  begin
    write_resources(v, target[v], true);
    registers[v] := described_registers[v];
    move(v, CREATED);
  end;

  rule "resume"
    phase[v] = CREATED
    & (forall g: Segment do described[v][g] != NONE -> mapped[target[v]][g] = described[v][g] endforall) ==>
  begin
    source[v] := target[v];
    runs[target[v]][v] := true;
    for g: Segment do
      described[v][g] := NONE;
    endfor;
    described_registers[v] := ZERO;
    move(v, RUNNING);
  end;
endruleset;

invariant "exclusive_allocation"
  forall a: VM do forall b: VM do forall g: Segment do holds[a][g] & holds[b][g] -> a = b endforall endforall endforall;

invariant "segment_purity"
  forall v: VM do forall g: Segment do
    holds[v][g] & content[g] != ZERO -> guest_memory[v][g] = content[g]
  endforall endforall;

invariant "contents_intact"
  forall v: VM do
    (forall g: Segment do holds[v][g] -> content[g] = guest_memory[v][g] endforall)
    & (at_source(v) | phase[v] = CREATED -> registers[v] = guest_registers[v])
  endforall;

invariant "suspend_freezes"
  forall p: Partition do forall v: VM do migrating(v) -> !runs[p][v] endforall endforall;

invariant "at_most_one_runner"
  forall p: Partition do forall q: Partition do forall v: VM do runs[p][v] & runs[q][v] -> p = q endforall endforall
  endforall;

invariant "run_implies_owns_all"
  forall p: Partition do forall v: VM do forall g: Segment do
    runs[p][v] & holds[v][g] -> owner[g] = p & mapped[p][g] = guest_layout[v][g]
  endforall endforall endforall;

invariant "half_owned_never_runs"
  forall v: VM do forall a: Segment do forall b: Segment do
    holds[v][a] & holds[v][b] & owner[a] != owner[b] -> !(exists p: Partition do runs[p][v] endexists)
  endforall endforall endforall;

invariant "map_implies_own"
  forall p: Partition do forall g: Segment do mapped[p][g] != NONE -> owner[g] = p endforall endforall;

invariant "conservation"
  (forall v: VM do forall g: Segment do holds[v][g] -> phase[v] != ABSENT endforall endforall)
  & (forall g: Segment do (exists p: Partition do mapped[p][g] != NONE endexists) -> held(g) endforall);

invariant "config_faithful"
  forall v: VM do
    (forall g: Segment do
      configured(v)
      ? (described[v][g] != NONE) = holds[v][g] & described[v][g] = guest_layout[v][g]
      : described[v][g] = NONE
    endforall)
    & (configured(v) -> described_registers[v] = guest_registers[v])
  endforall;

invariant "suspended_stays_allocated"
  forall v: VM do forall k: Kind do at_source(v) -> resources[source[v]][v][k] endforall endforall;

invariant "created_has_resources"
  forall v: VM do forall k: Kind do phase[v] = CREATED -> resources[target[v]][v][k] endforall endforall;

invariant "resources_freed"
  forall v: VM do
    (left_source(v) ->
      (forall k: Kind do !resources[source[v]][v][k] endforall)
      & (forall g: Segment do holds[v][g] -> mapped[source[v]][g] = NONE endforall))
    & (forall p: Partition do forall k: Kind do
        resources[p][v][k] -> phase[v] != ABSENT & (p = source[v] | p = target[v])
      endforall endforall)
  endforall;

invariant "scrub_before_reuse"
  forall g: Segment do !held(g) -> content[g] = ZERO endforall;
