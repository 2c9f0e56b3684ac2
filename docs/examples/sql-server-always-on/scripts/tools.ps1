# Functions that several scripts of this folder load with  . C:\ProgramData\sql-cluster\tools.ps1
# The state tools_placed puts this file there.

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

function Write-WorkflowOutput([string] $Name, $Value) {
    # One file per output, as scripts for Heat's SoftwareDeployment write them; no byte order mark.
    [IO.File]::WriteAllText("$env:heat_outputs_path.$Name", [string] $Value)
}

function Invoke-Sql([string] $Query, [string] $Database = 'master') {
    # The agent's account (LocalSystem) is a SQL administrator: install-sql-server.ps1 made it one.
    $connection = New-Object Data.SqlClient.SqlConnection "Server=localhost;Database=$Database;Integrated Security=SSPI"
    try {
        $connection.Open()
        $command = $connection.CreateCommand()
        $command.CommandText = $Query
        $command.CommandTimeout = 600
        $table = New-Object Data.DataTable
        $table.Load($command.ExecuteReader())
        return , $table.Rows
    } finally {
        $connection.Dispose()
    }
}

function ConvertTo-SqlName([string] $Name) { '[' + $Name.Replace(']', ']]') + ']' }
function ConvertTo-SqlText([string] $Text) { "N'" + $Text.Replace("'", "''") + "'" }

function Invoke-AsDomainUser([string] $User, [string] $Password, [string] $Text, [hashtable] $Arguments) {
    # LocalSystem is nobody in the domain. A scheduled task with a stored password has the user's rights on the network,
    # also from here to a third machine. Its script reads $Arguments and must throw to fail.
    $folder = Join-Path $env:ProgramData "sql-cluster\task-$([guid]::NewGuid())"
    $name = Split-Path $folder -Leaf
    New-Item $folder -ItemType Directory | Out-Null
    & icacls $folder /inheritance:r /grant 'SYSTEM:(OI)(CI)F' 'Administrators:(OI)(CI)F' "${User}:(OI)(CI)M" | Out-Null
    try {
        $Arguments | ConvertTo-Json -Depth 8 | Set-Content "$folder\arguments.json" -Encoding UTF8
        @"
`$ErrorActionPreference = 'Stop'
`$Arguments = Get-Content '$folder\arguments.json' -Raw -Encoding UTF8 | ConvertFrom-Json
try { & { $Text } *>&1 | Out-String | Set-Content '$folder\output.txt' -Encoding UTF8; 'ok' | Set-Content '$folder\end.txt' }
catch { (`$_ | Out-String) | Set-Content '$folder\end.txt' -Encoding UTF8 }
"@ | Set-Content "$folder\run.ps1" -Encoding UTF8
        $action = New-ScheduledTaskAction -Execute powershell.exe -Argument "-NoProfile -ExecutionPolicy Bypass -File `"$folder\run.ps1`""
        Register-ScheduledTask -TaskName $name -Action $action -User $User -Password $Password -RunLevel Highest | Out-Null
        Start-ScheduledTask -TaskName $name
        while (-not (Test-Path "$folder\end.txt") -or (Get-ScheduledTask -TaskName $name).State -eq 'Running') { Start-Sleep -Seconds 2 }
        if (Test-Path "$folder\output.txt") { Get-Content "$folder\output.txt" | Write-Host }
        $end = (Get-Content "$folder\end.txt" -Raw).Trim()
        if ($end -ne 'ok') { throw $end }
    } finally {
        Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
        Remove-Item $folder -Recurse -Force
    }
}

function Enable-AlwaysOnHere([string] $ServiceLogin) {
    # Turns the feature on, makes the endpoint, lets the other replicas in. Returns the endpoint's port. Run again: only looks.
    if ((Invoke-Sql "SELECT SERVERPROPERTY('IsHadrEnabled') AS enabled")[0].enabled -ne 1) {
        Import-Module SqlServer
        Enable-SqlAlwaysOn -ServerInstance $env:COMPUTERNAME -Force
    }
    if ((Invoke-Sql "SELECT 1 AS found FROM sys.database_mirroring_endpoints").Count -eq 0) {
        $port = 5022
        while (Get-NetTCPConnection -State Listen -LocalPort $port -ErrorAction SilentlyContinue) { $port += 1 }
        Invoke-Sql "CREATE ENDPOINT AlwaysOnEndpoint STATE = STARTED AS TCP (LISTENER_PORT = $port)
                    FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)" | Out-Null
    }
    $login = ConvertTo-SqlName $ServiceLogin
    Invoke-Sql "IF SUSER_ID($(ConvertTo-SqlText $ServiceLogin)) IS NULL CREATE LOGIN $login FROM WINDOWS" | Out-Null
    $endpoint = (Invoke-Sql 'SELECT name, port FROM sys.tcp_endpoints WHERE type = 4')[0]
    Invoke-Sql "GRANT CONNECT ON ENDPOINT::$(ConvertTo-SqlName $endpoint.name) TO $login" | Out-Null
    if (-not (Get-NetFirewallRule -Name sql-cluster-endpoint -ErrorAction SilentlyContinue)) {
        New-NetFirewallRule -Name sql-cluster-endpoint -DisplayName 'SQL Server AlwaysOn endpoint' -Direction Inbound -Protocol TCP `
            -LocalPort $endpoint.port -Action Allow | Out-Null
    }
    return $endpoint.port
}
