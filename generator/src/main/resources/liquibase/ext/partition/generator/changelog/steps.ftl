<#ftl output_format="plainText">
<#--
  What each step does, which locks it takes and how it is undone, for the comments of both formats. Lines, because the two
  formats begin them differently. Neither two hyphens in a row nor names: an XML comment could not hold them.
-->
<#assign about = {
  "asked": [
    "Every update asks these first, whatever is recorded. A name that no table has stops it where it is in swapBack or restartCopy, and",
    "is reported where it is in an approval; so is what a table is past."
  ],
  "before": [
    "Stops, with every reason and its remedy, where the table cannot be partitioned so; generator plan tells the same before.",
    "The state before anything is made. A rollback to this tag undoes every step below."
  ],
  "prepare": [
    "Makes the new table with its partitions, all of them empty, and what finds the partition of a row.",
    "Lock: ACCESS SHARE on the source for a moment; readers and writers go on.",
    "Undo: drops the new table."
  ],
  "beforeExchange": [
    "The state before anything is made. A rollback to this tag undoes every step below."
  ],
  "prepareExchange": [
    "Makes the new partitions, all of them empty, in a table that holds them until the exchange. Stops, with every reason and its",
    "remedy, where the partition cannot be exchanged so.",
    "Lock: ACCESS SHARE on the partition for a moment; readers and writers go on.",
    "Undo: drops that table."
  ],
  "capture": [
    "From here on every write to the source leaves the key of its row in the delta table.",
    "Lock: SHARE ROW EXCLUSIVE on the source for a moment, asked for in short attempts, so that writers do not queue.",
    "Undo: drops the triggers and the delta table."
  ],
  "copy": [
    "Copies the rows in chunks, each in a transaction of its own. Interrupted, the next update goes on where it was.",
    "The parameter restartCopy starts it over for the tables that it names; once this changeset is recorded, the next one that",
    "is not does so, until the swap is done.",
    "Lock: none that readers or writers notice.",
    "Undo: empties the new table and forgets the chunks."
  ],
  "index": [
    "Builds the key and the indexes of the source on every partition, then vacuums and analyzes it.",
    "Lock: none on the source. Interrupted, the next update goes on with the next partition.",
    "Undo: drops the indexes of the new table."
  ],
  "replay": [
    "Brings up to date in the new table what was written since capture began, until little is left for the swap.",
    "Lock: none that readers or writers notice.",
    "Undo: nothing to undo."
  ],
  "verify": [
    "Compares source and new table exactly and both ways, but for the rows that wait in the delta table. Where a type",
    "changes, the value of the source is converted first. Says why rows are in the default partition.",
    "Lock: none that readers or writers notice.",
    "Undo: forgets the result."
  ],
  "beforeSwap": [
    "The state right before the swap. It is recorded together with the swap and not sooner, so that a rollback to this tag undoes",
    "the swap and what was deployed after it, and nothing that was deployed before. No row written since is lost."
  ],
  "swap": [
    "Stays pending until the parameter swapApproved names the table (or says all). Until then restartCopy starts the copy over,",
    "and every update that passes by replays what was written since the last one, for catchUpTime at most.",
    "Replays the rest, then exchanges the names: the new table gets the name of the source, the source that of the backup.",
    "Lock: ACCESS EXCLUSIVE on source and new table for as long as that takes, asked for in short attempts.",
    "Undo: the reverse swap; rows written since are brought into the backup first. To undo this swap alone, whatever was",
    "deployed since, update with the parameter swapBack, which names the table."
  ],
  "exchange": [
    "Stays pending until the parameter swapApproved names the partition (or says all). Until then restartCopy starts the copy over,",
    "and every update that passes by replays what was written since the last one, for catchUpTime at most.",
    "Replays the rest, then detaches the partition, which becomes the backup, and attaches the new ones. No row is read and no",
    "index is built for that.",
    "Lock: ACCESS EXCLUSIVE on the partitioned table and on what is exchanged for as long as that takes, asked for in short attempts.",
    "Undo: the exchange back; rows written since are brought into the backup first. To undo this exchange alone, whatever was",
    "deployed since, update with the parameter swapBack, which names the partition."
  ],
  "swapped": [
    "The state after the swap, with the backup still there. A rollback to this tag is possible until the drop."
  ],
  "drop": [
    "Stays pending until the parameter dropApproved names the table (or says all). Until then swapBack takes the swap back, and",
    "every update that passes by brings the backup up to date, for catchUpTime at most, so that the way back stays quick.",
    "Compares the backup with the live table once more, and then drops it and the delta table.",
    "Lock: ACCESS EXCLUSIVE on the backup, and on the live table for a moment to end reverse capture.",
    "Undo: impossible, so a rollback stops here; keep a dump if you may need the rows as they were."
  ],
  "upkeep": [
    "Every update makes the partitions that are missing: on the new table, and on the live one after the swap. This by itself:",
    "liquibase update with the label filter upkeep. An interval that the default partition has rows of is reported and left out.",
    "Lock: none if nothing is missing. Else SHARE ROW EXCLUSIVE on the table, and ACCESS EXCLUSIVE on the default partition, for a",
    "moment, asked for in short attempts.",
    "Undo: nothing to undo; the partitions stay."
  ],
  "retire": [
    "Once the table is swapped, every update takes the partitions out of it that can only hold rows older than it keeps. The default",
    "partition stays. One to whose rows others refer by a foreign key is reported and stays.",
    "Lock: none if nothing is due. Else ACCESS EXCLUSIVE on the table for a moment, one partition at a time, asked for in short attempts.",
    "Undo: puts back what has left last; with routing by triggers it stays."
  ],
  "dropRetired": [
    "Every update drops what has left the table, unless somebody may have written to it since. Unless the config says that approval is",
    "standing, it waits until the parameter retireApproved names the table (or says all).",
    "Lock: ACCESS EXCLUSIVE on what is dropped, and for a moment on the tables that its foreign keys refer to.",
    "What was archived is compared with its files once more before.",
    "Undo: brings back what was archived; impossible for anything else that was dropped by the run that is undone."
  ]
}>

<#-- Which of the settings each step has, as attributes of the same names. -->
<#assign lock = ["lockTimeout", "lockAttempts"]>
<#assign pace = ["pauseBetweenChunks", "maxReplicaLag", "maxLoad", "throttleQuery", "window", "maxDuration"]>
<#assign chunks = ["chunkTime"] + pace>
<#assign tuning = {
  "prepare": ["acceptTriggers", "maxDefaultShare"],
  "capture": lock,
  "copy": ["chunkSize", "workers"] + chunks,
  "index": ["workers"] + pace,
  "replay": chunks,
  "verify": ["workers"] + chunks + ["maxDefaultShare"],
  "swap": lock + ["maxDrainRows", "waitForOldTransactions", "onOldTransactions", "maxDefaultShare", "acceptTriggers"],
  "exchange": lock + ["maxDrainRows", "waitForOldTransactions", "onOldTransactions"],
  "approval": ["catchUpTime"] + chunks,
  "backup": ["workers"] + chunks,
  "drop": ["workers"] + chunks + lock,
  "upkeep": lock,
  "retire": lock,
  "dropRetired": lock
}>

<#-- Where the changesets of a table, or of the exchange of a partition, begin. No two hyphens in a row: an XML comment could not hold them. -->
<#function heading table>
  <#local schema = "">
  <#if table.schemaName??>
    <#local schema = table.schemaName + ".">
  </#if>
  <#local several = table.throughTableName??>
  <#return "The " + table.kind + several?then("s ", " ")
      + (schema + table.tableName + several?then(" through " + table.throughTableName!"", ""))?replace("-(?=-)", "- ", "r")>
</#function>

<#-- How far the partitions reach that every update makes. -->
<#function reach>
  <#if ahead??>
    <#return "for " + ahead + " " + interval + (ahead == 1)?then("", "s") + " after the present one">
  </#if>
  <#return "until " + until>
</#function>

<#function dropsRetired>
  <#return retireApproval???then(": the review of this changelog is the approval", ", once that is approved")>
</#function>

<#-- Whether a drop of what has left one of the tables is asked for. -->
<#function asksToDropRetired tables>
  <#return tables?filter(table -> (table.dropsRetired!false) && !table.retireApproval??)?has_content>
</#function>

<#-- What leaves the table, and what becomes of it. -->
<#function retired>
  <#local old = " that can only hold rows of more than " + keep + " " + interval + (keep == 1)?then("", "s") + " before the present one">
  <#if (archive!{}).archiveTablespace??>
    <#return "Moves the partitions of " + tableName + old + " to the tablespace " + archive.archiveTablespace + ", where they stay partitions">
  </#if>
  <#return "Takes the partitions out of " + tableName + old + "; each becomes a table of its own"
      + retireSchema???then(", in the schema " + retireSchema!"", "")
      + (retire == "drop")?then(", until it is dropped", "")
      + (retire == "archive")?then(", until its rows are in files below " + ((archive!{}).archiveFiles!"") + " and it is dropped", "")>
</#function>

<#-- What is copied: the table, the partition that leaves in an exchange, or the partitions that leave together. -->
<#function leaving>
  <#return tableName + throughTableName???then(" through " + throughTableName!"", "")>
</#function>

<#-- What a reviewer must know of this table's partitions. -->
<#function prepared>
  <#if kind == "partition">
    <#local range = "over all of " + throughTableName???then("their", "its") + " range">
    <#if from??>
      <#local range = "from " + from + " until " + until>
    </#if>
    <#return "Makes partitions by " + interval + " " + range + " in " + newTableName + ", which will take the place of " + leaving()>
  </#if>
  <#if ahead??>
    <#local reach = "partitions by " + interval + " from " + from + ", " + ahead + " ahead of the day on which it runs">
  <#else>
    <#local reach = partitionCount + (partitionCount == 1)?then(" partition", " partitions")
        + " by " + interval + " from " + from + " until " + until>
  </#if>
  <#local facts = ["Makes " + newTableName + ": " + reach + ", and a default partition"]>
  <#if partitionSchema??>
    <#local facts += ["they are in schema " + partitionSchema]>
  </#if>
  <#if (partitionColumns?size > 1)>
    <#local facts += ["the first of " + partitionColumns?join(", ") + " that has a time decides"]>
  </#if>
  <#if keyTime??>
    <#local facts += ["the time is that inside of the key (" + keyTime + ")"]>
  </#if>
  <#if combinedColumn??>
    <#local facts += ["adds " + combinedColumn + ", a generated column with the time that decides"]>
  </#if>
  <#if columns?has_content>
    <#local converted = columns?filter(column -> column.using??)?map(column -> column.name)>
    <#local facts += ["columns get the types below"
        + converted?has_content?then(", " + converted?join(", ") + " by an expression", "")]>
  </#if>
  <#if (routing!"native") == "trigger">
    <#local facts += ["a trigger finds the partition of a new row, and the partitions inherit"]>
  </#if>
  <#if (incomingForeignKeys!"refuse") == "drop">
    <#local facts += ["THE SWAP WILL DROP THE FOREIGN KEYS THAT REFER TO " + tableName]>
  <#elseif (incomingForeignKeys!"refuse") == "trigger">
    <#local facts += ["the swap will put triggers in the place of the foreign keys that refer to " + tableName]>
  </#if>
  <#return facts?join("; ")>
</#function>

<#function swapped>
  <#if kind == "partition">
    <#if throughTableName??>
      <#return "Exchanges: the partitions of " + newTableName + " take the place of " + leaving() + ", and these theirs; " + tableName
          + " becomes " + backupTableName + ", and each of the others its name with _old">
    </#if>
    <#return "Exchanges: " + tableName + " becomes " + backupTableName + ", and the partitions of " + newTableName + " take its place">
  </#if>
  <#local fact = "Swaps: " + tableName + " becomes " + backupTableName + ", " + newTableName + " becomes " + tableName>
  <#local fact = fact + ((routing!"native") == "trigger")?then("; attaches the trigger that finds the partition of a new row", "")>
  <#if (incomingForeignKeys!"refuse") == "drop">
    <#local fact = fact + "; DROPS THE FOREIGN KEYS THAT REFER TO " + tableName + ", and a rollback makes them again">
  <#elseif (incomingForeignKeys!"refuse") == "trigger">
    <#local fact = fact + "; drops the foreign keys that refer to " + tableName + " and keeps them by triggers; a rollback makes them again">
  </#if>
  <#return fact>
</#function>
