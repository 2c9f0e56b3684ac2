# Installs SQL Server's engine, unattended, with the PowerShell module that the later scripts use.
#
# Inputs: domain, administrator, media, service_account, service_password (hidden)
# Run again: does nothing when the instance is there. Setup's own exit code 3010 (reboot needed) is passed on.
. "$env:ProgramData\sql-cluster\tools.ps1"

if (-not (Get-NetFirewallRule -Name sql-cluster-sql -ErrorAction SilentlyContinue)) {
    New-NetFirewallRule -Name sql-cluster-sql -DisplayName 'SQL Server' -Direction Inbound -Protocol TCP -LocalPort 1433 -Action Allow | Out-Null
}
if (-not (Get-Module SqlServer -ListAvailable)) {
    $bundled = Join-Path $env:media 'SqlServer'
    if (-not (Test-Path $bundled)) { throw "The PowerShell module SqlServer is neither installed nor at ${bundled}: put it there (Save-Module SqlServer)." }
    Copy-Item $bundled "$env:ProgramFiles\WindowsPowerShell\Modules" -Recurse
}
if (Get-Service MSSQLSERVER -ErrorAction SilentlyContinue) { Write-Host 'SQL Server is installed already.'; exit 0 }

# In a configuration file, because a command line is shown to everybody on the machine.
$answers = "$env:ProgramData\sql-cluster\setup.ini"
try {
    New-Item $answers -ItemType File -Force | Out-Null
    & icacls $answers /inheritance:r /grant 'SYSTEM:F' 'Administrators:F' | Out-Null
    @"
[OPTIONS]
ACTION="Install"
QUIET="True"
IACCEPTSQLSERVERLICENSETERMS="True"
FEATURES=SQLENGINE,CONN
INSTANCENAME="MSSQLSERVER"
SQLSVCACCOUNT="$env:domain\$env:service_account"
SQLSVCPASSWORD="$env:service_password"
AGTSVCACCOUNT="$env:domain\$env:service_account"
AGTSVCPASSWORD="$env:service_password"
SQLSYSADMINACCOUNTS="NT AUTHORITY\SYSTEM" "$env:domain\$env:administrator"
TCPENABLED="1"
UPDATEENABLED="False"
"@ | Set-Content $answers -Encoding Unicode
    $setup = Start-Process (Join-Path $env:media 'setup.exe') "/CONFIGURATIONFILE=`"$answers`"" -Wait -PassThru
} finally {
    Remove-Item $answers -Force
}
if ($setup.ExitCode -notin 0, 3010) {
    Get-ChildItem "$env:ProgramFiles\Microsoft SQL Server\*\Setup Bootstrap\Log\Summary.txt" | Get-Content -Tail 40 | Write-Host
    throw "SQL Server's setup ended with exit code $($setup.ExitCode)."
}
exit $setup.ExitCode
