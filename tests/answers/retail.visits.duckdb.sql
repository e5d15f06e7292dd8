WITH {include retail.checked}
SELECT * FROM good
