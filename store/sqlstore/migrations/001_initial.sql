create table {prefix}schema (
	version {int} not null primary key,
	name {text} not null
);

create table {prefix}rows (
	tenant {text} not null,
	kind {text} not null,
	id {text} not null,
	version {int} not null,
	body {bytes} not null,
	target_kind {text},
	target_id {text},
	shelf {text},
	mailbox {text},
	team {text},
	agent {text},
	activity {int},
	fact_name {text},
	fact_value {text},
	fact_order {int},
	facts {bytes} not null,
	words {bytes} not null,
	primary key (tenant, kind, id)
);

create index {index}rows_shelf on {prefix}rows (tenant, shelf, activity, id)
	where kind = 'conversation' and shelf is not null;

create index {index}rows_mailbox on {prefix}rows (tenant, shelf, mailbox, activity, id)
	where kind = 'conversation' and shelf is not null and mailbox is not null;

create index {index}rows_team on {prefix}rows (tenant, shelf, team, activity, id)
	where kind = 'conversation' and shelf is not null and team is not null;

create index {index}rows_agent on {prefix}rows (tenant, shelf, agent, activity, id)
	where kind = 'conversation' and shelf is not null and agent is not null;

create index {index}rows_fact on {prefix}rows (tenant, kind, fact_name, fact_value, fact_order, id)
	where fact_name is not null;

create table {prefix}facts (
	tenant {text} not null,
	kind {text} not null,
	name {text} not null,
	value {text} not null,
	ord {int} not null,
	id {text} not null,
	primary key (tenant, kind, name, value, ord, id)
){clustered};

create table {prefix}counters (
	tenant {text} not null,
	name {text} not null,
	stripe {int} not null,
	value {int} not null,
	primary key (tenant, name, stripe)
){clustered}{roomy};

create table {prefix}jobs (
	lane {text} not null,
	id {text} not null,
	grp {text} not null,
	ord {int} not null,
	due {int} not null,
	at {int} not null,
	body {bytes} not null,
	primary key (lane, id)
);

create index {index}jobs_at on {prefix}jobs (lane, at, grp, id);

create index {index}jobs_group on {prefix}jobs (lane, grp, ord, id);

create index {index}jobs_pushed on {prefix}jobs (lane, grp)
	where at > due;

create table {prefix}leases (
	lane {text} not null,
	grp {text} not null,
	token {text} not null,
	until {int} not null,
	primary key (lane, grp)
){clustered};

insert into {prefix}schema (version, name) values (1, 'initial');
