# Creates the failover cluster over all nodes, or adds the nodes that are missing from it.
#
# Inputs: domain, user, password (hidden), cluster, address, nodes (JSON list of computer names)
# Run again: adds only what is missing.
. "$env:ProgramData\sql-cluster\tools.ps1"

Invoke-AsDomainUser -User "$env:domain\$env:user" -Password $env:password -Arguments @{
    cluster = $env:cluster; address = $env:address; nodes = @($env:nodes | ConvertFrom-Json)
} -Text @'
    Import-Module FailoverClusters
    $here = Get-Cluster -ErrorAction SilentlyContinue
    if (-not $here) {
        New-Cluster -Name $Arguments.cluster -Node $Arguments.nodes -StaticAddress $Arguments.address -NoStorage | Out-Null
    } elseif ($here.Name -ne $Arguments.cluster) {
        throw "This node is in the cluster $($here.Name), not $($Arguments.cluster)."
    }
    $present = (Get-ClusterNode).Name
    foreach ($node in $Arguments.nodes) {
        if ($present -notcontains $node) { Add-ClusterNode -Name $node -NoStorage | Out-Null }
    }
    Get-ClusterNode | Format-Table Name, State
'@
