using ModelOptimizer.Passes;

namespace ModelOptimizer.Tests.Precision;

public sealed class LayerBlocksTests
{
    /// <summary>Each letter is a layer of one shape.</summary>
    [TestCase("", ExpectedResult = "")]
    [TestCase("a", ExpectedResult = "a")]
    [TestCase("abcd", ExpectedResult = "a..d", Description = "nothing repeats: the outermost layers")]
    [TestCase("aaaa", ExpectedResult = "a..a", Description = "each layer is a block")]
    [TestCase("qqqqudqqqqudqqqqudqqqqud", ExpectedResult = "qqqqud............qqqqud", Description = "BERT")]
    [TestCase("xqqqqudqqqqudqqqqudp", ExpectedResult = "xqqqqud......qqqqudp", Description = "projections before and behind belong to the ends")]
    [TestCase("qkkogudqkkogudqkkogud", ExpectedResult = "qkkogud.......qkkogud", Description = "LLaMA with fewer keys than queries")]
    [TestCase("cpfdcpfd", ExpectedResult = "cpfdcpfd", Description = "two blocks are the first and the last")]
    [TestCase("xabaababababy", ExpectedResult = "xabaab....aby", Description = "the repetition that covers most wins, from where it starts")]
    public string Finds_the_first_and_the_last_block(string layers)
    {
        var ends = LayerBlocks.FirstAndLast([.. layers.Select(letter => ((long)letter, 1L))]).ToHashSet();
        return string.Concat(layers.Select((letter, i) => ends.Contains(i) ? letter : '.'));
    }
}
