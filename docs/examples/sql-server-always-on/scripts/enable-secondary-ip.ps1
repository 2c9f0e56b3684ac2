# Lets the network adapter carry the cluster's address beside its own: makes the address that DHCP gave a static one.
# The port in OpenStack must allow the cluster's and the listener's address too (allowed_address_pairs, in the template).
#
# Inputs: address   the failover cluster's address
# Run again: does nothing when the adapter has no DHCP.
. "$env:ProgramData\sql-cluster\tools.ps1"

function Get-Network([string] $Address, [int] $PrefixLength) {
    $bytes = ([Net.IPAddress] $Address).GetAddressBytes()
    $bits = -join ($bytes | ForEach-Object { [Convert]::ToString($_, 2).PadLeft(8, '0') })
    return $bits.Substring(0, $PrefixLength)
}

$own = Get-NetIPAddress -AddressFamily IPv4 | Where-Object {
    $_.PrefixOrigin -in 'Dhcp', 'Manual' -and (Get-Network $_.IPAddress $_.PrefixLength) -eq (Get-Network $env:address $_.PrefixLength)
} | Select-Object -First 1
if (-not $own) { throw "No adapter of $env:COMPUTERNAME is in the subnet of ${env:address}: choose a cluster address from the nodes' subnet." }

if ($own.PrefixOrigin -eq 'Manual') { Write-Host "$($own.IPAddress) is static already."; exit 0 }
$gateway = (Get-NetRoute -InterfaceIndex $own.InterfaceIndex -DestinationPrefix 0.0.0.0/0 | Select-Object -First 1).NextHop
$servers = (Get-DnsClientServerAddress -InterfaceIndex $own.InterfaceIndex -AddressFamily IPv4).ServerAddresses
Set-NetIPInterface -InterfaceIndex $own.InterfaceIndex -AddressFamily IPv4 -Dhcp Disabled
Remove-NetIPAddress -InterfaceIndex $own.InterfaceIndex -AddressFamily IPv4 -Confirm:$false -ErrorAction SilentlyContinue
Remove-NetRoute -InterfaceIndex $own.InterfaceIndex -DestinationPrefix 0.0.0.0/0 -Confirm:$false -ErrorAction SilentlyContinue
$address = @{ InterfaceIndex = $own.InterfaceIndex; IPAddress = $own.IPAddress; PrefixLength = $own.PrefixLength }
if ($gateway) { $address.DefaultGateway = $gateway }
New-NetIPAddress @address | Out-Null
Set-DnsClientServerAddress -InterfaceIndex $own.InterfaceIndex -ServerAddresses $servers
Write-Host "$($own.IPAddress) is static now."
