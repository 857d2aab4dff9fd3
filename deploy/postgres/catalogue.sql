-- Run once, by the first start of the server: the catalogue beside Dagster's history.
CREATE DATABASE catalogue ENCODING 'UTF8' TEMPLATE template0;
