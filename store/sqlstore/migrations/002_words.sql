create table {prefix}words (
	tenant {text} not null,
	kind {text} not null,
	word {text} not null,
	id {text} not null,
	primary key (tenant, kind, word, id)
){clustered};

insert into {prefix}schema (version, name) values (2, 'words');
