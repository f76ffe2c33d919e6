using ModelOptimizer.Testing.Scores;

namespace ModelOptimizer.Tests.Evaluation.Scores;

/// <summary>The recipes by which real models are scored, on cases that can be counted by hand.</summary>
public sealed class ScoreTests
{
    private static readonly string[] Keys = ["", "a", "b", "cd"];

    [TestCase("1 1 1", "a")]
    [TestCase("1 0 1", "aa")]
    [TestCase("0 0 0", "")]
    [TestCase("1 2 2 0 2 3", "abbcd")]
    public void Greedy_reading_merges_repetitions_unless_a_blank_stands_between(string classes, string text) =>
        Assert.That(new CharacterErrorRate(Keys).Read(Scores(classes)), Is.EqualTo(text));

    [Test]
    public void Character_errors_are_edits_over_all_characters_of_the_truth()
    {
        var rate = new CharacterErrorRate(Keys);
        rate.Add(Scores("1 2"), "ab");
        rate.Add(Scores("1 2 1"), "b");
        rate.Add(Scores("0"), " b ");

        Assert.That(rate.Result, Is.EqualTo(3.0 / 4));
    }

    [TestCase("1 2", "ba", 2)]
    [TestCase("1 2 1 2", "bab", 1)]
    [TestCase("1", "", 1)]
    public void Each_insertion_deletion_or_replacement_is_one_edit(string classes, string truth, int edits)
    {
        var rate = new CharacterErrorRate(Keys);
        rate.Add(Scores(classes), truth);
        rate.Add(Scores("1 2 1 2"), "abab");

        Assert.That(rate.Result, Is.EqualTo(edits / (truth.Length + 4.0)));
    }

    [Test]
    public void Overlap_counts_pixels_of_all_pictures_together()
    {
        var overlap = new RegionOverlap(0.3f);
        overlap.Add([0.9f, 0.4f, 0.3f, 0.1f], [1, 0, 1, 0]);
        overlap.Add([0.31f, float.NaN], [255, 0]);

        Assert.That(overlap.Result, Is.EqualTo(2.0 / 4));
    }

    [Test]
    public void Nothing_where_nothing_is_overlaps_fully()
    {
        var overlap = new RegionOverlap(0.3f);
        overlap.Add([0.1f], [0]);

        Assert.That(overlap.Result, Is.EqualTo(1));
    }

    [TestCase("0.9+ 0.8+ 0.2- 0.1-", 1)]
    [TestCase("0.9- 0.1+", 0)]
    [TestCase("0.5+ 0.5-", 0.5)]
    [TestCase("0.9+ 0.5- 0.5+ 0.1-", 0.875)]
    [TestCase("0.9+", double.NaN)]
    public void Area_is_the_chance_that_a_positive_scores_higher(string scores, double expected)
    {
        var area = new RocAuc();
        foreach (var score in scores.Split(' '))
            area.Add(float.Parse(score[..^1], System.Globalization.CultureInfo.InvariantCulture), score[^1] == '+');

        Assert.That(area.Result, Is.EqualTo(expected));
    }

    /// <summary>A score of one for the class that leads at each step.</summary>
    private static float[] Scores(string classes)
    {
        var steps = classes.Split(' ').Select(text => text[0] - '0').ToArray();
        var scores = new float[steps.Length * Keys.Length];
        for (var i = 0; i < steps.Length; i++)
            scores[i * Keys.Length + steps[i]] = 1;
        return scores;
    }
}
