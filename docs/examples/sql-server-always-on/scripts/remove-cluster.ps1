# Destroys the failover cluster and its computer object in the domain. The availability group must be gone or unwanted.
#
# Inputs: domain, user, password (hidden), cluster
# Run again: does nothing when there is no cluster.
. "$env:ProgramData\sql-cluster\tools.ps1"

Invoke-AsDomainUser -User "$env:domain\$env:user" -Password $env:password -Arguments @{ cluster = $env:cluster } -Text @'
    Import-Module FailoverClusters
    $here = Get-Cluster -ErrorAction SilentlyContinue
    if ($here -and $here.Name -eq $Arguments.cluster) { Remove-Cluster -Force -CleanupAD }
'@
