# Turns AlwaysOn on for this node's SQL Server and opens the endpoint at which replicas talk to each other.
#
# Inputs:  domain, service_account
# Outputs: endpoint_port   5022, or the next that is free
# Run again: only looks.
. "$env:ProgramData\sql-cluster\tools.ps1"

$port = Enable-AlwaysOnHere "$env:domain\$env:service_account"
Write-WorkflowOutput endpoint_port $port
