// SPDX-License-Identifier: MIT
#include "policy/remote_classes.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/compile.hpp"

namespace tollgate::policy {
namespace {

/// Port class and the rule that decides there, where that is not the port class's any_rule; sorted.
using Verdicts = std::vector<std::pair<std::uint16_t, std::uint32_t>>;

/// A remote and the number of a rule that names it.
template <typename Remote>
using Mentions = std::vector<std::pair<Remote, std::uint32_t>>;

constexpr Prefix kIpv4Mapped{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}}, 96};

/// Bounds the time that a policy of many rules for all ports and many ports can take.
constexpr std::size_t kStepsMax = std::size_t{1} << 27U;

class RemoteClasses {
  public:
    RemoteClasses(const PortPartition& ports, CompiledPolicy& compiled)
        : ports_(ports), compiled_(compiled), best_(ports.classes()) {}

    void add_addresses(Mentions<Prefix> mentions) {
        std::sort(mentions.begin(), mentions.end());
        const auto ipv6 =
            std::stable_partition(mentions.begin(), mentions.end(), [](const auto& m) {
                return m.first.address.is_ipv4();
            });
        add_nested({mentions.begin(), ipv6});
        add_nested({ipv6, mentions.end()});
        exempt_ipv4();
    }

    void add_macs(Mentions<MacAddress> mentions) {
        std::sort(mentions.begin(), mentions.end());
        for_each_remote<MacAddress>(mentions, [&](const MacAddress& mac, auto own) {
            add_flat(own, TG_BY_MAC, [&](std::uint32_t number) {
                compiled_.macs.emplace_back(mac, number);
            });
        });
    }

    void add_peers(Mentions<std::string> mentions) {
        std::sort(mentions.begin(), mentions.end());
        for_each_remote<std::string>(mentions, [&](const std::string& peer, auto own) {
            add_flat(own, TG_BY_PEER, [&](std::uint32_t number) {
                compiled_.peers.emplace_back(peer, number);
            });
        });
    }

    void add_names(Mentions<NamePattern> mentions) {
        std::sort(mentions.begin(), mentions.end());
        for_each_remote<NamePattern>(mentions, [&](const NamePattern& name, auto own) {
            std::uint32_t number = 0;
            add_flat(own, TG_BY_NAME, [&](std::uint32_t its_class) { number = its_class; });
            // Resolved all the same: the next policy may have a use for it.
            compiled_.names.emplace_back(name, number);
        });
    }

    /// To be called last.
    Result<void> finish() {
        if (steps_ > kStepsMax || compiled_.verdicts.size() > kVerdictsMax) {
            return failure(fmt::format(
                "the rules need more than {} verdicts (groups of remotes times groups of ports); "
                "name fewer remotes one by one in rules with many different ports",
                kVerdictsMax));
        }
        for (const auto& [key, rule] : compiled_.verdicts) {
            compiled_.port_rules[key.port_class].dimensions |= dimensions_[key.remote_class];
        }
        return {};
    }

  private:
    /// A class: its number, never 0 unless it has no verdicts, and what it holds.
    using Class = std::pair<const Verdicts, std::uint32_t>;

    template <typename Remote>
    using Slice = std::span<const std::pair<Remote, std::uint32_t>>;

    /// Calls visit(remote, its mentions) for each remote of a sorted list.
    template <typename Remote, typename Visit>
    static void for_each_remote(Slice<Remote> mentions, Visit visit) {
        for (auto begin = mentions.begin(); begin != mentions.end();) {
            const auto end = std::find_if(
                begin, mentions.end(), [&](const auto& m) { return m.first != begin->first; });
            visit(begin->first, Slice<Remote>(begin, end));
            begin = end;
        }
    }

    /// The class of a remote that is named by the rules of `own` and lies within `around`.
    template <typename Remote>
    const Class& classify(Slice<Remote> own, const Class& around) {
        for (const auto& [remote, rule] : own) {
            for (const auto run : ports_.runs(rule - 1)) {
                consider(run, rule);
            }
        }
        for (const auto& [port_class, rule] : around.first) {
            consider({&port_class, 1}, rule);
        }
        return intern(take_best());
    }

    void consider(std::span<const std::uint16_t> port_classes, std::uint32_t rule) {
        steps_ += port_classes.size();
        if (exhausted()) {
            return;
        }
        for (const std::uint16_t port_class : port_classes) {
            const std::uint32_t any = compiled_.port_rules[port_class].any_rule;
            std::uint32_t& best = best_[port_class];
            if (any != 0 && any < rule) {
                continue;
            }
            if (best == 0) {
                touched_.push_back(port_class);
            }
            best = best == 0 ? rule : std::min(best, rule);
        }
    }

    Verdicts take_best() {
        std::sort(touched_.begin(), touched_.end());
        Verdicts verdicts;
        for (const std::uint16_t port_class : touched_) {
            verdicts.emplace_back(port_class, std::exchange(best_[port_class], 0));
        }
        touched_.clear();
        return verdicts;
    }

    const Class& intern(Verdicts verdicts) {
        const auto number = static_cast<std::uint32_t>(dimensions_.size());
        const auto [place, fresh] = classes_.emplace(std::move(verdicts), number);
        if (fresh) {
            dimensions_.push_back(0);
            for (const auto& [port_class, rule] : place->first) {
                compiled_.verdicts.push_back({{number, port_class, 0}, rule});
            }
        }
        return *place;
    }

    [[nodiscard]] bool exhausted() const {
        return steps_ > kStepsMax || compiled_.verdicts.size() > kVerdictsMax;
    }

    template <typename Remote, typename Emit>
    void add_flat(Slice<Remote> own, std::uint8_t dimension, Emit emit) {
        const Class& found = classify(own, nothing_);
        if (!found.first.empty()) {
            dimensions_[found.second] |= dimension;
            emit(found.second);
        }
    }

    /// Prefixes of one family, sorted: what lies within a prefix follows it.
    void add_nested(Slice<Prefix> mentions) {
        std::vector<std::pair<Prefix, const Class*>> around;
        for_each_remote<Prefix>(mentions, [&](const Prefix& prefix, auto own) {
            while (!around.empty() && !around.back().first.contains(prefix)) {
                around.pop_back();
            }
            const Class& outer = around.empty() ? nothing_ : *around.back().second;
            const Class& found = classify(own, outer);
            around.emplace_back(prefix, &found);
            if (found.first != outer.first) {
                emit(prefix, found.second);
            }
        });
    }

    void emit(const Prefix& prefix, std::uint32_t number) {
        dimensions_[number] |= TG_BY_ADDRESS;
        if (prefix.is_host()) {
            compiled_.hosts.emplace_back(prefix.address, number);
        } else {
            compiled_.prefixes.emplace_back(prefix, number);
        }
    }

    void exempt_ipv4() {
        bool covered = false;
        for (const auto& [prefix, number] : compiled_.prefixes) {
            if (prefix == kIpv4Mapped) {
                return;
            }
            covered = covered || covers_ipv4(prefix);
        }
        if (covered) {
            compiled_.prefixes.emplace_back(kIpv4Mapped, dimensions_.size());
            dimensions_.push_back(0);
        }
    }

    /// As the trie sees it, bit by bit.
    static bool covers_ipv4(const Prefix& prefix) {
        if (prefix.length >= kIpv4Mapped.length) {
            return false;
        }
        for (std::size_t bit = 0; bit < prefix.length; ++bit) {
            const unsigned difference =
                prefix.address.bytes[bit / 8] ^ kIpv4Mapped.address.bytes[bit / 8];
            if ((difference & (0x80U >> (bit % 8))) != 0) {
                return false;
            }
        }
        return true;
    }

    const PortPartition& ports_;
    CompiledPolicy& compiled_;
    const Class nothing_{{}, 0};
    std::map<Verdicts, std::uint32_t> classes_{{{}, 0}};
    std::vector<std::uint8_t> dimensions_{0};  ///< index: class; enum tg_dimension
    std::vector<std::uint32_t> best_;          ///< index: port class; zero between remotes
    std::vector<std::uint16_t> touched_;       ///< where `best_` is not zero
    std::size_t steps_ = 0;
};

}  // namespace

Result<void> fill_remote_tables(std::span<const Rule* const> rules,
                                const PortPartition& ports,
                                CompiledPolicy& compiled) {
    Mentions<Prefix> addresses;
    Mentions<MacAddress> macs;
    Mentions<std::string> peers;
    Mentions<NamePattern> names;
    for (std::uint32_t number = 1; number <= rules.size(); ++number) {
        const Selector& selector = rules[number - 1]->selector;
        for (const Prefix& prefix : selector.prefixes) {
            addresses.emplace_back(prefix, number);
        }
        for (const MacAddress& mac : selector.macs) {
            macs.emplace_back(mac, number);
        }
        for (const std::string& peer : selector.peers) {
            peers.emplace_back(peer, number);
        }
        for (const NamePattern& name : selector.names) {
            names.emplace_back(name, number);
        }
    }
    RemoteClasses classes(ports, compiled);
    classes.add_addresses(std::move(addresses));
    classes.add_macs(std::move(macs));
    classes.add_peers(std::move(peers));
    classes.add_names(std::move(names));
    return classes.finish();
}

}  // namespace tollgate::policy
