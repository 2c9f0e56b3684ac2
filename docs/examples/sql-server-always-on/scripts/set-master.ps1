# Tells this node who the master is, and makes sure that it can be found and reached from here.
#
# Inputs: master   computer name
# Run again: writes the same.
. "$env:ProgramData\sql-cluster\tools.ps1"

Resolve-DnsName $env:master | Out-Null
if (-not (Test-NetConnection $env:master -Port 135 -InformationLevel Quiet)) {
    throw "$env:COMPUTERNAME cannot reach $env:master at port 135: look at the security group and at Windows' firewall."
}
Set-Content "$env:ProgramData\sql-cluster\master.txt" $env:master -Encoding ASCII
