# Creates the databases and the availability group with its listener, on the master. The other nodes join later.
#
# Inputs: domain, service_account, group, databases (JSON list), listener (JSON map: name, ip, mask, port)
#         endpoints   JSON list of name:port, of the nodes that will be secondaries
# Run again: makes only what is missing.
. "$env:ProgramData\sql-cluster\tools.ps1"

$ownPort = Enable-AlwaysOnHere "$env:domain\$env:service_account"
$group = ConvertTo-SqlName $env:group
$listener = $env:listener | ConvertFrom-Json
$databases = @($env:databases | ConvertFrom-Json)

foreach ($database in $databases) {
    $name = ConvertTo-SqlName $database
    $known = (Invoke-Sql "SELECT 1 AS found FROM sys.databases WHERE name = $(ConvertTo-SqlText $database)").Count -gt 0
    if (-not $known) { Invoke-Sql "CREATE DATABASE $name" | Out-Null }
    # A first full backup starts the log chain, which automatic seeding needs; nobody wants to keep this one.
    $saved = (Invoke-Sql "SELECT 1 AS found FROM msdb.dbo.backupset WHERE type = 'D' AND database_name = $(ConvertTo-SqlText $database)").Count -gt 0
    if (-not $saved) { Invoke-Sql "ALTER DATABASE $name SET RECOVERY FULL; BACKUP DATABASE $name TO DISK = 'NUL'" | Out-Null }
}

if ((Invoke-Sql "SELECT 1 AS found FROM sys.availability_groups WHERE name = $(ConvertTo-SqlText $env:group)").Count -eq 0) {
    $nodes = @("${env:COMPUTERNAME}:$ownPort") + @($env:endpoints | ConvertFrom-Json)
    $number = 0
    $replicas = foreach ($node in $nodes) {
        $host_, $port = $node.Split(':')
        $number += 1
        # Two commit together and fail over by themselves; further ones follow.
        $mode = if ($number -le 2) { 'SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC' } else { 'ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL' }
        "$(ConvertTo-SqlText $host_) WITH (ENDPOINT_URL = 'TCP://${host_}.${env:domain}:$port', AVAILABILITY_MODE = $mode, SEEDING_MODE = AUTOMATIC)"
    }
    $names = ($databases | ForEach-Object { ConvertTo-SqlName $_ }) -join ', '
    Invoke-Sql "CREATE AVAILABILITY GROUP $group FOR DATABASE $names REPLICA ON $($replicas -join ', ')" | Out-Null
}

if ((Invoke-Sql "SELECT 1 AS found FROM sys.availability_group_listeners WHERE dns_name = $(ConvertTo-SqlText $listener.name)").Count -eq 0) {
    Invoke-Sql "ALTER AVAILABILITY GROUP $group ADD LISTENER $(ConvertTo-SqlText $listener.name)
                (WITH IP (($(ConvertTo-SqlText $listener.ip), $(ConvertTo-SqlText $listener.mask))), PORT = $([int] $listener.port))" | Out-Null
}
