{absent}{settle}insert into {prefix}schema (version, name) values (4, 'settle');
