{absent}insert into {prefix}schema (version, name) values (3, 'absent');
