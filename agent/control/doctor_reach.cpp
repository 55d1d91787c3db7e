// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fstream>
#include <sstream>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/control/doctor_checks.hpp"
#include "agent/core/flow_records.hpp"
#include "agent/system/interface.hpp"
#include "policy/explain.hpp"

namespace tollgate::agent {
namespace {

constexpr std::uint16_t kSsh = 22;
constexpr std::uint16_t kDns = 53;
constexpr std::uint16_t kDhcpServer = 67;

/// The way to a rule that is missing: the policy in force, an editor, the policy in force again.
std::string edit(const std::string& rule) {
    return "tollgate policy show >p.yaml && ${EDITOR:-vi} p.yaml && tollgate policy apply p.yaml # "
           "add "
           "to it: " +
           rule;
}

class Reach {
  public:
    Reach(Agent& agent, DoctorChecks& checks)
        : agent_{agent},
          checks_{checks},
          policy_{agent.warden().policy()->policy},
          enforced_{std::ranges::any_of(agent.watch().interfaces(), [&](const auto& interface) {
              return agent.warden().stage_of(interface.name) == policy::Stage::enforce;
          })} {}

    void ssh(const Session& caller);
    void dns();
    void dhcp();
    void scrape();

  private:
    /// Judges the first packet of a flow by the rules.
    [[nodiscard]] policy::Explanation judge(policy::Direction direction,
                                            const IpAddress& remote,
                                            const policy::Service& service,
                                            const std::string& local = "");
    /// The zone of the interface that has an address; 0: none of ours.
    [[nodiscard]] std::uint8_t zone_of(const std::string& address) const;
    /// A rule that lets somebody in.
    [[nodiscard]] const policy::Rule* way_in(std::uint16_t port) const;
    /// What may be meant so: a device that leases no address, or asks for no names.
    void doubt(const std::string& name, const std::string& what, const std::string& fix);

    Agent& agent_;
    DoctorChecks& checks_;
    const policy::Policy& policy_;
    bool enforced_;
};

std::uint8_t Reach::zone_of(const std::string& address) const {
    const auto wanted = IpAddress::parse(address);
    for (const ProtectedInterface& interface : agent_.watch().interfaces()) {
        const auto own = interface_addresses(interface.name);
        if (wanted && own && std::ranges::any_of(*own, [&](const InterfaceAddress& one) {
                return one.address == *wanted;
            })) {
            return interface.zone;
        }
    }
    return 0;
}

policy::Explanation Reach::judge(policy::Direction direction,
                                 const IpAddress& remote,
                                 const policy::Service& service,
                                 const std::string& local) {
    policy::Tuple tuple;
    tuple.direction = direction;
    tuple.remote = remote;
    tuple.service = service;
    if (const MacAddress mac = agent_.learning().mac_of(remote); mac != MacAddress{}) {
        tuple.mac = mac;
    }
    agent_.tunnel_peers().complete(tuple, zone_of(local));
    const auto now = to_timestamp(agent_.clock().boot_ns(), agent_.clock().boot_minus_wall_ns());
    return policy::explain(policy_, tuple, std::chrono::floor<std::chrono::seconds>(now));
}

const policy::Rule* Reach::way_in(std::uint16_t port) const {
    const auto found = std::ranges::find_if(policy_.rules, [&](const policy::Rule& rule) {
        return rule.direction == policy::Direction::ingress && rule.rank != policy::Rank::deny &&
               policy::covers(rule, policy::Service{IPPROTO_TCP, port, port});
    });
    return found == policy_.rules.end() ? nullptr : &*found;
}

void Reach::doubt(const std::string& name, const std::string& what, const std::string& fix) {
    checks_.warn(name, enforced_ ? what : what + "; enforcing would drop it", fix);
}

void Reach::ssh(const Session& caller) {
    if (caller.has_address()) {
        const auto remote = IpAddress::parse(caller.remote);
        const std::uint16_t port = caller.local_port;
        if (remote &&
            judge(policy::Direction::ingress, *remote, {IPPROTO_TCP, port, port}, caller.local)
                .passes()) {
            checks_.ok("ssh", fmt::format("a new connection from {} would pass", caller.remote));
        } else {
            const std::string what =
                fmt::format("no rule lets you in again from {} to tcp/{}", caller.remote, port);
            enforced_ ? checks_.fail("ssh", what, edit(failsafe_for(caller)))
                      : checks_.warn("ssh", what + " once you enforce", edit(failsafe_for(caller)));
        }
        return;
    }
    if (const policy::Rule* rule = way_in(kSsh)) {
        checks_.ok("ssh", fmt::format("the rule {} lets tcp/22 in", rule->name));
    } else {
        checks_.warn("ssh",
                     "no rule lets tcp/22 in",
                     edit("failsafe: - {name: admin, direction: ingress, remote: [YOUR-ADDRESS], "
                          "ports: [tcp/22]}"));
    }
}

void Reach::dns() {
    std::ostringstream text;
    text << std::ifstream{"/etc/resolv.conf"}.rdbuf();
    const auto is_here = [](const IpAddress& address) {
        return address.to_string().starts_with("127.") || address.to_string() == "::1";
    };
    for (const IpAddress& resolver : resolvers_of(text.str())) {
        const std::string name = "dns " + resolver.to_string();
        if (is_here(resolver)) {
            checks_.ok(name, "on this host; where it asks is not known here");
        } else if (judge(policy::Direction::egress, resolver, {IPPROTO_UDP, kDns, kDns}).passes()) {
            checks_.ok(name, "questions to it would pass");
        } else {
            doubt(name,
                  "no rule lets questions go to this resolver",
                  edit(fmt::format(
                      "allow: - {{name: dns, direction: egress, remote: [\"{}\"], ports: "
                      "[udp/53, tcp/53]}}",
                      resolver.to_string())));
        }
    }
}

void Reach::dhcp() {
    const auto broadcast = IpAddress::parse("255.255.255.255");
    if ((policy_.baseline & TG_BASELINE_DHCP) != 0) {
        checks_.ok("dhcp", "part of the baseline");
    } else if (judge(policy::Direction::egress, *broadcast, {IPPROTO_UDP, kDhcpServer, kDhcpServer})
                   .passes()) {
        checks_.ok("dhcp", "a rule lets requests out");
    } else {
        doubt("dhcp",
              "neither the baseline nor a rule lets an address be leased",
              edit("baseline: dhcpClient: true   (or ignore this, with fixed addresses)"));
    }
}

void Reach::scrape() {
    const auto& metrics = agent_.options().metrics;
    if (!metrics) {
        checks_.ok("scrape", "metrics are off");
        return;
    }
    const std::string where = fmt::format("{}:{}", metrics->host, metrics->port);
    if (metrics->host.starts_with("127.") || metrics->host == "::1") {
        checks_.ok("scrape", where + " is for this host only");
    } else if (const policy::Rule* rule = way_in(metrics->port)) {
        checks_.ok("scrape", fmt::format("the rule {} lets {} be read", rule->name, where));
    } else {
        doubt("scrape",
              fmt::format("no rule lets tcp/{} in", metrics->port),
              edit(fmt::format("allow: - {{name: scrape, direction: ingress, remote: [PROMETHEUS], "
                               "ports: [tcp/{}]}}",
                               metrics->port)));
    }
}

}  // namespace

void check_reach(Agent& agent, const Session& caller, DoctorChecks& checks) {
    Reach reach{agent, checks};
    reach.ssh(caller);
    reach.dns();
    reach.dhcp();
    reach.scrape();
}

std::vector<IpAddress> resolvers_of(std::string_view resolv_conf) {
    constexpr std::size_t kResolversMax = 3;  // MAXNS of resolv.conf(5)
    std::vector<IpAddress> resolvers;
    std::istringstream lines{std::string{resolv_conf}};
    for (std::string line; std::getline(lines, line) && resolvers.size() < kResolversMax;) {
        std::istringstream words{line};
        std::string keyword;
        std::string address;
        words >> keyword >> address;
        const auto parsed = IpAddress::parse(address.substr(0, address.find('%')));
        if (keyword == "nameserver" && parsed) {
            resolvers.push_back(*parsed);
        }
    }
    return resolvers;
}

}  // namespace tollgate::agent
