# Installs failover clustering and joins the domain. Each may need a reboot: exit 3010 asks for it, and this runs again after.
#
# Inputs: domain, user, password (hidden)
# Run again: does only what is missing.
. "$env:ProgramData\sql-cluster\tools.ps1"

$result = Install-WindowsFeature Failover-Clustering, RSAT-Clustering-PowerShell, RSAT-AD-PowerShell
if ($result.RestartNeeded -eq 'Yes') { Write-Host 'The features need a reboot.'; exit 3010 }

$system = Get-CimInstance Win32_ComputerSystem
if ($system.PartOfDomain -and $system.Domain -eq $env:domain) { Write-Host "Joined $env:domain already."; exit 0 }
if ($system.PartOfDomain) { throw "$env:COMPUTERNAME is in the domain $($system.Domain), not ${env:domain}: take it out first." }

$password = ConvertTo-SecureString $env:password -AsPlainText -Force
Add-Computer -DomainName $env:domain -Credential (New-Object PSCredential "$env:domain\$env:user", $password) -Force
Write-Host "Joined $env:domain; that needs a reboot."
exit 3010
