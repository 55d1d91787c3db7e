// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/support/pseudonyms.hpp"

namespace tollgate::agent {

/// Puts pseudonyms in the place of addresses, names and public keys, in whatever text they stand.
/// Addresses and DNS names are known by their form; keys, names of peers and names without a dot
/// have to be told first. It would rather take too much: a word that is a name goes everywhere.
class Anonymiser {
  public:
    enum class Kind : std::uint8_t { ipv4, ipv6, mac, host, peer, key };
    static constexpr std::array kKinds{Kind::ipv4,
                                       Kind::ipv6,
                                       Kind::mac,
                                       Kind::host,
                                       Kind::peer,
                                       Kind::key};
    struct Count {
        std::uint64_t values = 0;  ///< different ones
        std::uint64_t places = 0;
    };

    explicit Anonymiser(const Pseudonyms::Key& key) : pseudonyms_{key} {}

    void know_host(std::string_view name);
    void know_peer(std::string_view name);
    /// In base64; what is no key is not taken.
    void know_key(std::string_view key);

    [[nodiscard]] std::string text(std::string_view text);
    /// Of what text() was given so far.
    [[nodiscard]] Count count(Kind kind) const;

  private:
    struct Found {
        std::size_t size = 0;  ///< of what it replaces
        std::string pseudonym;
    };
    using Finding = std::optional<Found>;

    void know(std::string_view name, Kind kind, const std::string& pseudonym);
    [[nodiscard]] Finding find(std::string_view text, std::size_t at);
    /// @param whole  not if a dot and more follow
    [[nodiscard]] Finding find_known(std::string_view text, std::size_t at, bool whole);
    [[nodiscard]] Finding find_address(std::string_view text, std::size_t at);
    [[nodiscard]] Finding find_mac(std::string_view text, std::size_t at);
    [[nodiscard]] Finding find_ip(std::string_view text, std::size_t at);
    [[nodiscard]] Finding find_short_key(std::string_view text, std::size_t at);
    [[nodiscard]] Finding find_dns_name(std::string_view text, std::size_t at);
    /// Counts it. @return the pseudonym
    std::string note(Kind kind, std::string_view value, std::string pseudonym);

    struct Known {
        Kind kind{};
        std::string name;
        std::string pseudonym;
    };
    Pseudonyms pseudonyms_;
    std::map<std::string, Known, std::less<>> known_;  ///< by the form in which it may stand
    std::set<std::size_t, std::greater<>> sizes_;      ///< of these forms
    std::array<std::set<std::string, std::less<>>, kKinds.size()> values_;
    std::array<std::uint64_t, kKinds.size()> places_{};
};

}  // namespace tollgate::agent
