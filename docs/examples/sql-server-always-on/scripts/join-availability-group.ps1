# Joins this node to the availability group and waits until its copies of the databases follow the primary.
#
# Inputs: primary (computer name), group, databases (JSON list)
# Run again: joins only when it is not in.
. "$env:ProgramData\sql-cluster\tools.ps1"

$group = ConvertTo-SqlName $env:group
if ((Invoke-Sql "SELECT 1 AS found FROM sys.availability_groups WHERE name = $(ConvertTo-SqlText $env:group)").Count -eq 0) {
    Invoke-Sql "ALTER AVAILABILITY GROUP $group JOIN" | Out-Null
}
Invoke-Sql "ALTER AVAILABILITY GROUP $group GRANT CREATE ANY DATABASE" | Out-Null   # for automatic seeding

$wanted = @($env:databases | ConvertFrom-Json)
do {
    Start-Sleep -Seconds 5                                    # the state's timeout ends this
    $following = (Invoke-Sql "SELECT 1 AS found FROM sys.dm_hadr_database_replica_states
                              WHERE is_local = 1 AND synchronization_state IN (1, 2)").Count
    Write-Host "$following of $($wanted.Count) databases follow $env:primary."
} until ($following -ge $wanted.Count)
