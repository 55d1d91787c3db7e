// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include <tollgate/ip.hpp>

namespace tollgate::agent {

/// The allowed IPs of all peers: which peer an inner address belongs to, by the longest prefix. A
/// prefix has one owner. A path-compressed binary trie per family; its nodes lie in one array and
/// name each other by index. Not thread-safe, but concurrent find() without changes is.
class AllowedIps {
  public:
    /// A peer's number; the caller's choice, any but kNobody.
    using Owner = std::uint32_t;
    static constexpr Owner kNobody = UINT32_MAX;
    /// Prefixes that are taken, all owners together: 84 MB of nodes.
    static constexpr std::size_t kPrefixesMax = std::size_t{1} << 20U;

    explicit AllowedIps(std::size_t limit = kPrefixesMax) : limit_{limit} {}

    /// Gives the prefix to `owner`, whoever had it. @return false, and nothing has changed: the
    /// limit is reached
    [[nodiscard]] bool insert(const Prefix& prefix, Owner owner);
    /// @return false, and nothing has changed, unless the prefix is exactly one of the owner's
    bool remove(const Prefix& prefix, Owner owner);
    void remove_all(Owner owner);

    /// The owner of the longest prefix that holds `address`. Never allocates.
    [[nodiscard]] std::optional<Owner> find(const IpAddress& address) const noexcept;
    /// The owner of exactly this prefix.
    [[nodiscard]] std::optional<Owner> owner_of(const Prefix& prefix);
    /// The owner's prefixes, in the order in which it got them.
    void for_each(Owner owner, const std::function<void(const Prefix&)>& visit) const;

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t count(Owner owner) const;
    /// Bytes of the nodes, kept ones included: 40 to 80 per prefix, and half of the array may be
    /// room to grow.
    [[nodiscard]] std::size_t memory_bytes() const { return nodes_.capacity() * sizeof(Node); }

  private:
    using Index = std::uint32_t;
    static constexpr Index kNone = UINT32_MAX;

    /// Up to 128 bits, the first being the highest of the first word.
    using Key = std::array<std::uint64_t, 2>;
    struct Path {
        Key key;
        std::uint8_t length;
        bool is_ipv4;
    };
    /// A prefix of somebody, or a fork: without an owner, with two children.
    struct Node {
        Key key{};
        std::array<Index, 2> children{kNone, kNone};
        Owner owner = kNobody;
        Index previous = kNone;  ///< of the same owner
        Index next = kNone;      ///< of the same owner; or of the free nodes
        std::uint8_t length = 0;
        bool is_ipv4 = false;
    };
    /// An owner's prefixes as a list through the nodes.
    struct Chain {
        Index first = kNone;
        Index last = kNone;
        std::size_t count = 0;
    };

    [[nodiscard]] static Path path_of(const Prefix& prefix);
    [[nodiscard]] static Prefix prefix_of(const Node& node);
    [[nodiscard]] static std::size_t bit(const Key& key, std::uint8_t position);
    [[nodiscard]] static unsigned common_bits(const Key& a, const Key& b);

    /// The link to a node, and the link to the node that holds that link; null: none.
    struct Place {
        Index* link;
        Index* parent;
    };
    [[nodiscard]] Place descend(const Path& path);
    [[nodiscard]] bool is_at(Index index, const Path& path) const;
    void reserve_two();
    [[nodiscard]] Index take_node(const Key& key, std::uint8_t length, bool is_ipv4);
    [[nodiscard]] Index hang(Index& link, const Path& path);
    void give_back(Index index);
    void prune(const Place& place);
    void chain(Index index, Owner owner);
    void unchain(Index index);

    std::size_t limit_;
    std::vector<Node> nodes_;
    std::array<Index, 2> roots_{kNone, kNone};  ///< IPv6, IPv4
    Index free_ = kNone;
    std::size_t size_ = 0;
    std::unordered_map<Owner, Chain> chains_;
};

}  // namespace tollgate::agent
