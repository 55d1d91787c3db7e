// SPDX-License-Identifier: MIT
#include "policy/learn_risk.hpp"

#include <algorithm>
#include <array>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

struct Risk {
    std::uint8_t protocol;
    std::uint16_t port;
    std::string_view text;
};

constexpr std::array<Risk, 20> kRisks{{
    {IPPROTO_TCP, 21, "FTP: passwords in clear text"},
    {IPPROTO_TCP, 23, "telnet: what worms of the Mirai family try first"},
    {IPPROTO_TCP, 2323, "telnet: what worms of the Mirai family try first"},
    {IPPROTO_UDP, 69, "TFTP: files without a password; how worms load themselves"},
    {IPPROTO_TCP, 135, "Windows RPC: a worm's way in"},
    {IPPROTO_TCP, 139, "SMB: a worm's way in"},
    {IPPROTO_TCP, 445, "SMB: a worm's way in"},
    {IPPROTO_TCP, 512, "rexec: no encryption"},
    {IPPROTO_TCP, 513, "rlogin: trusts addresses"},
    {IPPROTO_TCP, 514, "rsh: trusts addresses"},
    {IPPROTO_TCP, 1080, "SOCKS: makes the host a relay for others"},
    {IPPROTO_TCP, 2375, "Docker API without TLS: root for whoever asks"},
    {IPPROTO_TCP, 3389, "RDP: remote desktop"},
    {IPPROTO_TCP, 5555, "adb: a shell without a password"},
    {IPPROTO_TCP, 5900, "VNC: remote desktop"},
    {IPPROTO_TCP, 5901, "VNC: remote desktop"},
    {IPPROTO_TCP, 6667, "IRC: how botnets are steered"},
    {IPPROTO_TCP, 6379, "Redis: mostly without a password"},
    {IPPROTO_TCP, 7547, "TR-069: a worm's way into routers"},
    {IPPROTO_UDP, 161, "SNMP: mostly with the password \"public\""},
}};

struct Word {
    std::uint8_t protocol;
    std::uint16_t port;
    std::string_view text;
};

constexpr std::array<Word, 36> kWords{{
    {IPPROTO_ICMP, 8, "ping"},         {IPPROTO_ICMPV6, 128, "ping"},
    {IPPROTO_TCP, 21, "ftp"},          {IPPROTO_TCP, 22, "ssh"},
    {IPPROTO_TCP, 23, "telnet"},       {IPPROTO_TCP, 25, "smtp"},
    {IPPROTO_TCP, 53, "dns"},          {IPPROTO_UDP, 53, "dns"},
    {IPPROTO_UDP, 69, "tftp"},         {IPPROTO_TCP, 80, "http"},
    {IPPROTO_UDP, 123, "ntp"},         {IPPROTO_UDP, 137, "netbios-ns"},
    {IPPROTO_UDP, 138, "netbios-dgm"}, {IPPROTO_TCP, 139, "smb"},
    {IPPROTO_UDP, 161, "snmp"},        {IPPROTO_TCP, 443, "https"},
    {IPPROTO_UDP, 443, "quic"},        {IPPROTO_TCP, 445, "smb"},
    {IPPROTO_TCP, 465, "smtps"},       {IPPROTO_UDP, 514, "syslog"},
    {IPPROTO_TCP, 554, "rtsp"},        {IPPROTO_TCP, 587, "submission"},
    {IPPROTO_TCP, 853, "dns-tls"},     {IPPROTO_TCP, 993, "imaps"},
    {IPPROTO_TCP, 1883, "mqtt"},       {IPPROTO_UDP, 1900, "ssdp"},
    {IPPROTO_TCP, 3389, "rdp"},        {IPPROTO_UDP, 3478, "stun"},
    {IPPROTO_TCP, 5222, "xmpp"},       {IPPROTO_UDP, 5353, "mdns"},
    {IPPROTO_UDP, 5355, "llmnr"},      {IPPROTO_TCP, 5555, "adb"},
    {IPPROTO_UDP, 5683, "coap"},       {IPPROTO_TCP, 5900, "vnc"},
    {IPPROTO_TCP, 8080, "http-8080"},  {IPPROTO_TCP, 8883, "mqtts"},
}};

}  // namespace

std::string_view risk_of(Direction direction, const Service& service) {
    const auto found = std::find_if(kRisks.begin(), kRisks.end(), [&](const Risk& risk) {
        return risk.protocol == service.protocol && service.first <= risk.port &&
               risk.port <= service.last;
    });
    const bool whole_range = service.last - service.first >= 1024;
    if (found != kRisks.end() && !whole_range) {
        return found->text;
    }
    return whole_range && direction == Direction::ingress ? "a whole range of ports open to others"
                                                          : "";
}

std::string service_word(const Service& service) {
    const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const Word& word) {
        return word.protocol == service.protocol && word.port == service.first &&
               service.first == service.last;
    });
    if (found != kWords.end()) {
        return std::string(found->text);
    }
    std::string text = to_text(service);
    std::replace(text.begin(), text.end(), '/', '-');
    return text;
}

}  // namespace tollgate::policy
