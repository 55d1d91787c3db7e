// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tollgate/ip.hpp>

#include "policy/problem.hpp"

/// A MUD file (RFC 8520) as plain data: what a manufacturer says about the traffic of a kind of
/// device, as access lists (RFC 8519) seen from the network.
namespace tollgate::exchange {

/// A set of remotes that the file names without addresses (RFC 8520, 8.1–8.6).
struct MudClass {
    enum class Kind : std::uint8_t {
        local_networks,
        my_controller,
        same_manufacturer,
        controller,
        manufacturer,
        model
    };
    Kind kind = Kind::local_networks;
    std::string value;  ///< controller, model: a URI; manufacturer: a host name
    auto operator<=>(const MudClass&) const = default;

    /// Whether a value says which; the others stand for one set of remotes.
    static bool has_value(Kind kind) { return kind >= Kind::controller; }
};

/// The nodes of RFC 8520 (its YANG module ietf-mud) in the order of MudClass::Kind.
constexpr std::array<std::string_view, 6> kMudClassNodes{"local-networks",
                                                         "my-controller",
                                                         "same-manufacturer",
                                                         "controller",
                                                         "manufacturer",
                                                         "model"};

[[nodiscard]] constexpr std::string_view node_of(MudClass::Kind kind) {
    return kMudClassNodes[static_cast<std::size_t>(kind)];
}

/// As it is written on the command line and in labels: "local-networks", "my-controller",
/// "same-manufacturer", "manufacturer:example.com", "model:URI"; a controller is its URI.
[[nodiscard]] std::string to_text(const MudClass& mud_class);

/// The same, but "dns" for "urn:ietf:params:mud:dns".
[[nodiscard]] std::string short_text(const MudClass& mud_class);

/// What either of them writes; a single word is a controller of the registry. Nothing if the text
/// is empty or no class.
[[nodiscard]] std::optional<MudClass> parse_mud_class(std::string_view text);

/// Ports from 1 on; the ranges do not overlap.
using MudPorts = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

/// What an ACE asks of one side of a packet.
struct MudEnd {
    std::optional<Prefix> network;
    std::string name;  ///< DNS name; empty: none
    std::optional<MacAddress> mac;
    std::optional<MudPorts> ports;
};

enum class MudFamily : std::uint8_t { any, ipv4, ipv6 };

inline constexpr std::size_t kGroupNameMax = 59;  ///< "mud/NAME" is a label

/// What the group of the class's addresses of a family is called: "dns-v4".
[[nodiscard]] std::string group_name(const MudClass& mud_class, MudFamily family);

enum class MudInitiator : std::uint8_t { unsaid, device, remote };

/// Why something cannot be taken over, and what to do about it.
struct Obstacle {
    std::string message;
    std::string hint;
    bool moot = false;  ///< there are no such packets: nothing is lost
};

/// One entry of an access list: all of its matches must hold.
struct MudAce {
    std::string name;
    policy::Mark mark;
    bool accept = false;  ///< false: drop or reject
    bool log = false;
    MudFamily family = MudFamily::any;
    std::optional<std::uint16_t> ethertype;
    std::optional<std::uint8_t> protocol;  ///< IPPROTO_*
    std::optional<std::uint8_t> icmp_type;
    std::optional<std::uint8_t> icmp_code;
    MudInitiator initiator = MudInitiator::unsaid;  ///< of the TCP connection
    MudEnd source;
    MudEnd destination;
    std::vector<MudClass> classes;     ///< of the remote side
    std::optional<Obstacle> obstacle;  ///< the reader does not understand all that it asks for
};

struct MudAcl {
    std::string name;
    policy::Mark mark;
    std::vector<MudAce> aces;
};

struct MudFile {
    /// Texts of the container `mud` under their names there ("mud-url", "mfg-name", …); numbers and
    /// truth values as they are written. One visible line each.
    std::map<std::string, std::string> header;
    std::vector<std::string> from_device;  ///< names of access lists
    std::vector<std::string> to_device;
    std::vector<MudAcl> acls;
};

}  // namespace tollgate::exchange
