WITH {include retail.checked}
SELECT * EXCLUDE (faults), array_to_string(faults, '; ') AS reason
FROM checked
WHERE len(faults) > 0
