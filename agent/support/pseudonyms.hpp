// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include <tollgate/ip.hpp>

#include "crypto/keys.hpp"

namespace tollgate::agent {

/// Other addresses, names and keys in the place of those of a host: the same for the same, as long
/// as the object lives. Who has neither the key nor the object cannot turn them back.
class Pseudonyms {
  public:
    using Key = std::array<std::byte, 32>;
    explicit Pseudonyms(const Key& key) : key_{key} {}

    /// As many leading bits as two addresses share, their pseudonyms share. What the address is for
    /// stays: loopback, unspecified, broadcast and well-known multicast addresses stay as they are;
    /// private, shared (RFC 6598), link-local, other multicast and global ones are what they were.
    [[nodiscard]] IpAddress address(const IpAddress& address) const;
    /// The same; who has made the card goes, too. Group and local bits stay.
    [[nodiscard]] MacAddress mac(const MacAddress& mac) const;
    [[nodiscard]] crypto::PublicKey public_key(const crypto::PublicKey& key) const;

    /// "host-1"; with dots "n2.n1.invalid", so that names below one name stay below one name. In
    /// whatever case; "localhost" stays.
    [[nodiscard]] std::string host(std::string_view name);
    /// "peer-1"
    [[nodiscard]] std::string peer(std::string_view name);

  private:
    /// Flips bits from `first` on, or not, as a hash of the bits before each says. The domain tells
    /// what the bytes are.
    void permute(std::byte* bytes, std::size_t size, std::size_t first, std::byte domain) const;
    [[nodiscard]] std::string numbered(std::string_view prefix, std::string_view name);

    Key key_;
    std::map<std::string, std::size_t, std::less<>> numbers_;  ///< of prefix and name
    std::map<std::string, std::size_t, std::less<>> counts_;   ///< by prefix
};

}  // namespace tollgate::agent
