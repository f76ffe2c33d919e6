using CsCheck;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization.Allocation;

public sealed class MultipleChoiceKnapsackTests
{
    private static readonly Gen<StorageChoice> Choice = Gen.Select(Gen.Long[0, 40], Gen.OneOf(Gen.Double[0, 1], Gen.Double[0, 1e-3], Gen.Const(0.25)),
        (bytes, error) => new StorageChoice(bytes, error));

    private static readonly Gen<StorageChoice[][]> Groups = Choice.Array[1, 5].Array[1, 5];

    [Test]
    public void Brute_force_finds_nothing_better() => Gen.Select(Groups, Gen.Long[0, 160]).Sample((groups, capacity) =>
    {
        var (answer, best) = (new MultipleChoiceKnapsack(groups).Solve(capacity), Best(groups, 0, capacity));
        if (answer is null)
            return double.IsPositiveInfinity(best);
        var chosen = answer.Chosen.Select((choice, g) => groups[g][choice]).ToList();
        return chosen.Sum(choice => choice.Bytes) == answer.Bytes && answer.Bytes <= capacity
            && Math.Abs(chosen.Sum(choice => choice.Error) - answer.Error) < 1e-12
            && Math.Abs(answer.Error - best) <= 1e-8 * best + 1e-15 && answer.Gap < 1e-8;
    });

    [Test]
    public void A_program_cut_short_tells_a_bound_that_holds() =>
        Gen.Select(Groups, Gen.Long[0, 160], Gen.Int[1, 3]).Sample((groups, capacity, states) =>
    {
        var answer = new MultipleChoiceKnapsack(groups) { MaxStates = states }.Solve(capacity);
        var best = Best(groups, 0, capacity);
        return answer is null
            ? double.IsPositiveInfinity(best)
            : answer.Bytes <= capacity && answer.Bound <= best * (1 + 1e-8) + 1e-15 && best <= answer.Error * (1 + 1e-12)
                && answer.Gap is >= 0 and <= 1;
    });

    [Test]
    public void Hundreds_of_things_are_solved_to_a_small_gap() =>
        Gen.Select(Choice.Array[12].Array[200], Gen.Double[0.1, 0.9]).Sample((groups, share) =>
    {
        var knapsack = new MultipleChoiceKnapsack(groups);
        var most = groups.Sum(choices => choices.Max(choice => choice.Bytes));
        var capacity = knapsack.SmallestBytes + (long)(share * (most - knapsack.SmallestBytes));

        return knapsack.Solve(capacity) is { } answer && answer.Bytes <= capacity && answer.Gap < 1e-3;
    }, iter: 20);

    [Test]
    public void What_is_infinitely_bad_is_never_chosen() => Assert.That(
        new MultipleChoiceKnapsack([[new StorageChoice(1, double.PositiveInfinity), new StorageChoice(8, 0)]]).Solve(7), Is.Null);

    [Test]
    public void Turns_are_the_least_errors_at_their_sizes() => Groups.Sample(groups =>
    {
        var knapsack = new MultipleChoiceKnapsack(groups);
        return knapsack.Turns().All(turn => Math.Abs(knapsack.Solve(turn.Bytes)!.Error - turn.Error) <= 1e-8 * turn.Error + 1e-12);
    });

    [Test]
    public void Turns_end_where_nothing_is_left() => Groups.Sample(groups =>
    {
        var withFree = groups.Select(choices => (IReadOnlyList<StorageChoice>)[.. choices, new StorageChoice(50, 0)]);
        return new MultipleChoiceKnapsack(withFree).Turns().Last().Error == 0;
    });

    private static double Best(StorageChoice[][] groups, int group, long left) => left < 0 ? double.PositiveInfinity
        : group == groups.Length ? 0
        : groups[group].Min(choice => choice.Error + Best(groups, group + 1, left - choice.Bytes));
}
